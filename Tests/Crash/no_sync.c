// Loaded before libc: a disk that only says it has written. The checks must catch a writer on such a disk.
int fsync(int file) { return file < 0 ? -1 : 0; }
int fdatasync(int file) { return file < 0 ? -1 : 0; }
int sync_file_range(int file, long offset, long count, unsigned flags) {
    (void)offset, (void)count, (void)flags;
    return file < 0 ? -1 : 0;
}
