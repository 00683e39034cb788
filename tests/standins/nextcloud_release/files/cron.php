<?php
// SPDX-License-Identifier: GPL-3.0-or-later
// Notes when it ran, as the real one does.
require __DIR__ . '/lib/stand_in.php';
if (!(settings()['maintenance'] ?? false)) {
	set_app_value(database(settings()), 'core', 'lastcron', (string)time());
}
