internal import Glibc
internal import GloveboxAttestation
internal import GloveboxCore
internal import GloveboxLinux
internal import Synchronization

/// The files that this process has mapped executable, looked at again for each report and read again when one is new or changed.
///
/// Each is read through the mapping itself where the kernel allows that (root): what has been put under its name since is
/// another file. Source: proc(5), `/proc/PID/maps` and `/proc/PID/map_files`; attestation specification, section 4.2.
final class MappedPrograms: Sendable {
    /// A mapped file as it was when it was read.
    private struct File: Hashable {
        let path: String
        let stamp: FileStamp
    }

    private let known = Mutex<[File: Digest]>([:])

    /// What is mapped now, by path; a path behind which two files are mapped stands there twice.
    ///
    /// What is unmapped while it is looked at is looked at no more: then all is looked at again.
    ///
    /// - Throws: `storage.read`.
    func current() throws(GloveboxError) -> [Report.CodeMapping] {
        for _ in 1..<Self.mostLooks {
            do { return try look() } catch {}
        }
        return try look()
    }

    private static let mostLooks = 5

    private func look() throws(GloveboxError) -> [Report.CodeMapping] {
        var found: [Report.CodeMapping] = []
        var seen: Set<File> = []
        for (path, range) in try Self.mapped() {
            let place = Kernel.isHostRoot ? "/proc/self/map_files/\(range)" : path
            let file = File(path: path, stamp: try FileStamp(place, followingLinks: true))
            guard seen.insert(file).inserted else { continue }
            let digest: Digest
            if let read = known.withLock({ $0[file] }) {
                digest = read
            } else {
                digest = try Machine.sha256(file: place)
                known.withLock { $0[file] = digest }
            }
            found.append(Report.CodeMapping(path: path, digest: digest))
        }
        return found.sorted { $0.path == $1.path ? $0.digest.hex < $1.digest.hex : $0.path < $1.path }
    }

    /// Every executable range that has a file, with its path.
    ///
    /// Lines are looked at as bytes: there are hundreds for each report, and few of them are of code.
    ///
    /// - Throws: `storage.read`.
    private static func mapped() throws(GloveboxError) -> [(path: String, range: String)] {
        let lines: [UInt8]
        do throws(SyscallError) {
            lines = try Descriptor.open("/proc/self/maps", O_RDONLY).readWhole(limit: 1 << 20)
        } catch { throw error.coded("storage.read") }
        var ranges: [(path: String, range: String)] = []
        for line in lines.split(separator: UInt8(ascii: "\n")) {
            let range = line.prefix { $0 != UInt8(ascii: " ") }
            guard line.dropFirst(range.count + 1).prefix(4).contains(UInt8(ascii: "x")) else { continue }
            // What has no file has no name, or one in brackets.
            let name = line.firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "[") }
            guard let name, line[name] == UInt8(ascii: "/") else { continue }
            ranges.append((String(decoding: line[name...], as: UTF8.self), String(decoding: range, as: UTF8.self)))
        }
        return ranges
    }
}
