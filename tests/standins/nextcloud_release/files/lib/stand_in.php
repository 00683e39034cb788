<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// What occ and the web addresses of the minimal release share: settings, database, apps, accounts.
declare(strict_types=1);

const ROOT = __DIR__ . '/..';
const CONFIG_FILE = ROOT . '/config/config.php';

function settings(): array {
	$CONFIG = [];
	if (is_file(CONFIG_FILE)) {
		include CONFIG_FILE;
	}
	return $CONFIG;
}

/** As lib/private/Config.php writes it. */
function write_settings(array $settings): void {
	file_put_contents(CONFIG_FILE, "<?php\n\$CONFIG = " . var_export($settings, true) . ";\n", LOCK_EX);
	chmod(CONFIG_FILE, 0640);
}

/** The code's version: numbers, and name. */
function code_version(): array {
	include ROOT . '/version.php';
	return [implode('.', $OC_Version), $OC_VersionString];
}

function status(): array {
	$settings = settings();
	[$version, $name] = code_version();
	return [
		'installed' => $settings['installed'] ?? false,
		'version' => $version,
		'versionstring' => $name,
		'edition' => '',
		'maintenance' => $settings['maintenance'] ?? false,
		'needsDbUpgrade' => ($settings['version'] ?? $version) !== $version,
		'productname' => 'Nextcloud',
		'extendedSupport' => false,
	];
}

function database(array $settings): PDO {
	$host = $settings['dbhost'];
	$name = $settings['dbname'];
	if ($settings['dbtype'] === 'mysql') {
		[$server, $place] = array_pad(explode(':', $host, 2), 2, '3306');
		$where = str_starts_with($place, '/') ? "unix_socket=$place" : "host=$server;port=$place";
		$source = "mysql:$where;dbname=$name;charset=utf8mb4";
	} else {
		[$server, $port] = array_pad(explode(':', $host, 2), 2, '5432');
		$source = "pgsql:host=$server;port=$port;dbname=$name";
	}
	return new PDO($source, $settings['dbuser'], $settings['dbpassword'], [PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION]);
}

function app_value(PDO $database, string $app, string $key): ?string {
	$found = $database->prepare('SELECT configvalue FROM oc_appconfig WHERE appid = ? AND configkey = ?');
	$found->execute([$app, $key]);
	$value = $found->fetchColumn();
	return $value === false ? null : $value;
}

function set_app_value(PDO $database, string $app, string $key, string $value): void {
	$database->prepare('DELETE FROM oc_appconfig WHERE appid = ? AND configkey = ?')->execute([$app, $key]);
	$database->prepare('INSERT INTO oc_appconfig VALUES (?, ?, ?)')->execute([$app, $key, $value]);
}

/** Names of the apps on the server. */
function apps(): array {
	$found = glob(ROOT . '/{apps,custom_apps}/*/appinfo', GLOB_BRACE);
	return array_map(fn ($path) => basename(dirname($path)), $found);
}

/** Whether a password is an account's. */
function is_password(PDO $database, string $account, string $password): bool {
	$found = $database->prepare('SELECT password FROM oc_users WHERE uid = ?');
	$found->execute([$account]);
	return password_verify($password, (string)$found->fetchColumn());
}
