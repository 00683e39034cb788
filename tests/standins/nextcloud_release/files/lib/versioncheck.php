<?php
// SPDX-License-Identifier: GPL-3.0-or-later
if (PHP_VERSION_ID < 80100) {
	http_response_code(500);
	echo 'This version of Nextcloud requires at least PHP 8.1<br/>';
	exit(1);
}
if (PHP_VERSION_ID >= 80500) {
	http_response_code(500);
	echo 'This version of Nextcloud is not compatible with PHP>=8.5.<br/>';
	exit(1);
}
