<?php
// SPDX-License-Identifier: GPL-3.0-or-later
require __DIR__ . '/lib/stand_in.php';
header('Content-Type: application/json');
echo json_encode(status());
