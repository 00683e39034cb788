<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// WebDAV as far as it takes a file, gives it back and removes it: /remote.php/dav/files/ACCOUNT/NAME
require __DIR__ . '/lib/stand_in.php';

$settings = settings();
if ($settings['maintenance'] ?? false) {
	http_response_code(503);
	exit;
}
$account = $_SERVER['PHP_AUTH_USER'] ?? '';
if (!is_password(database($settings), $account, $_SERVER['PHP_AUTH_PW'] ?? '')) {
	header('WWW-Authenticate: Basic realm="Nextcloud"');
	http_response_code(401);
	exit;
}
if (!preg_match('#/remote\.php/dav/files/([\w.-]+)/(\w[\w.-]*)$#', $_SERVER['REQUEST_URI'], $parts) || $parts[1] !== $account) {
	http_response_code(404);
	exit;
}
$directory = "{$settings['datadirectory']}/$account/files";
$file = "$directory/$parts[2]";
$there = is_file($file);
switch ($_SERVER['REQUEST_METHOD']) {
	case 'PUT':
		if (!is_dir($directory)) {
			mkdir($directory, 0750, true);
		}
		copy('php://input', $file);
		http_response_code($there ? 204 : 201);
		break;
	case 'GET':
		http_response_code($there ? 200 : 404);
		if ($there) {
			header('Content-Type: application/octet-stream');
			readfile($file);
		}
		break;
	case 'DELETE':
		http_response_code($there ? 204 : 404);
		if ($there) {
			unlink($file);
		}
		break;
	default:
		http_response_code(501);
}
