<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Shows which address was asked for, and whether addresses are without index.php.
header('Content-Type: text/plain');
echo 'Nextcloud ', $_SERVER['REQUEST_URI'], ' ', getenv('front_controller_active') ?: ($_SERVER['front_controller_active'] ?? 'false'), "\n";
