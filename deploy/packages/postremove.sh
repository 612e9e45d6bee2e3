#!/bin/sh
# Runs after the package is removed. /var/lib/taskctl stays: it has the data.
set -e
if [ -d /run/systemd/system ]; then
	systemctl daemon-reload
fi
