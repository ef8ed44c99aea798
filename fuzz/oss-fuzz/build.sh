#!/usr/bin/env bash
# OSS-Fuzz keeps a copy of this file; the actual steps are in the repository.
exec "$SRC/smtp-proto/.clusterfuzzlite/build.sh"
