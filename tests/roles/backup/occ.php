<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// A stand-in of occ: the commands that a backup needs. It reads config.php as Nextcloud 31 does, and writes it so
// (lib/private/Config.php): all that was read goes into config.php. Each call is a line of data/../occ.log.
$directory = __DIR__ . '/config';
$all = [];
foreach (array_merge([$directory . '/config.php'], glob($directory . '/*.config.php')) as $file) {
    $CONFIG = [];
    include $file;
    $all = array_merge($all, $CONFIG);
}
$words = array_values(array_diff(array_slice($argv, 1), ['--no-interaction', '--no-ansi']));
$mode = ($all['maintenance'] ?? false) ? 'on' : 'off';
file_put_contents(dirname($all['datadirectory']) . '/occ.log', "$mode " . implode(' ', $words) . "\n", FILE_APPEND);

function write(array $values): void {
    global $all, $directory;
    $all = array_merge($all, $values);
    file_put_contents("$directory/config.php", "<?php\n\$CONFIG = " . var_export($all, true) . ";\n");
}

switch ($words[0]) {
    case 'maintenance:mode':
        if (isset($words[1])) {
            write(['maintenance' => $words[1] === '--on']);
        }
        break;
    case 'maintenance:data-fingerprint':
        write(['data-fingerprint' => md5((string)microtime())]);
        break;
    case 'config:app:get':
        echo file_exists(__DIR__ . '/encryption') ? "yes\n" : "no\n";
        break;
    case 'status':
        include __DIR__ . '/version.php';
        echo "  - installed: true\n  - version: " . implode('.', $OC_Version) . "\n  - versionstring: $OC_VersionString\n";
        break;
    case 'files:scan':
        break;
    default:
        fwrite(STDERR, "Command \"$words[0]\" is not defined.\n");
        exit(1);
}
