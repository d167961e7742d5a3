import Glibc

/// A new directory with mode 0700 and a short path.
func makeScratch() -> String {
    let path = "/tmp/gbx-\(UInt64.random(in: 0 ... .max))"
    unsafe mkdir(path, 0o700)
    return path
}

/// Removes an empty directory.
func removeDirectory(_ path: String) { unsafe rmdir(path) }

/// The names in a directory.
func names(in directory: String) -> [String] {
    guard let stream = unsafe opendir(directory) else { return [] }
    defer { unsafe closedir(stream) }
    var out: [String] = []
    while let entry = unsafe readdir(stream) {
        let name = unsafe withUnsafeBytes(of: entry.pointee.d_name) { bytes in
            unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        if name != "." && name != ".." { out.append(name) }
    }
    return out
}
