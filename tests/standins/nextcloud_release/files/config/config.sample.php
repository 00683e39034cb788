<?php
$CONFIG = [];
