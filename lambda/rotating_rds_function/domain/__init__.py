"""What a rotation is: no AWS SDK, no database driver, only rules and the ports they are written against."""
