internal import Glibc
internal import GloveboxCore
internal import GloveboxLinux

/// The host directory that receives what a command left in `/out`.
struct OutputDirectory {
    private let directory: Descriptor

    private static let mostBytes = 1 << 30

    /// Makes the directory, or takes one that is empty.
    init(creating path: String) throws(GloveboxError) {
        do throws(SyscallError) {
            if unsafe mkdir(path, 0o755) != 0 && errno != EEXIST { throw SyscallError("mkdir", errno, path) }
            directory = try Descriptor.open(path, O_RDONLY | O_DIRECTORY)
        } catch { throw error.coded("input.io") }
        let isEmpty: Bool
        do { isEmpty = try directory.names().isEmpty } catch { throw error.coded("input.io") }
        guard isEmpty else { throw GloveboxError("input.not-empty", "\(Display.escape(path)) is not empty") }
    }

    /// Copies regular files and directories; anything else the command left is named and not followed.
    func receive(_ output: Descriptor) throws(GloveboxError) { try copy(output, directory, depth: 0) }

    private func copy(_ from: Descriptor, _ to: Descriptor, depth: Int) throws(GloveboxError) {
        guard depth < 32 else { throw GloveboxError("output.depth", "the output is nested too deeply") }
        var pending: [(Descriptor, Descriptor)] = []
        do throws(SyscallError) {
            for name in try from.names() {
                let shown = Display.escape(String(decoding: name, as: UTF8.self))
                let status = try FileStatus.of(name, in: from)
                if status.isDirectory {
                    let inner = (name + [0]).map { CChar(bitPattern: $0) }
                    guard unsafe mkdirat(to.raw, inner, 0o755) == 0 else { throw SyscallError("mkdirat", errno, shown) }
                    let flags = O_RDONLY | O_DIRECTORY
                    pending.append((try from.openOwn(name, flags), try to.open(beneath: name, flags)))
                } else if status.isRegular {
                    try Self.copyFile(name, from, to)
                } else {
                    JailReportText.write("glovebox: left out \(shown): not a regular file\n", to: 2)
                }
            }
        } catch { throw error.coded("input.io") }
        for (source, target) in pending { try copy(source, target, depth: depth + 1) }
    }

    private static func copyFile(_ name: [UInt8], _ from: Descriptor, _ to: Descriptor) throws(SyscallError) {
        let source = try from.openOwn(name)
        let target = try to.open(beneath: name, O_WRONLY | O_CREAT | O_EXCL, mode: 0o644)
        var total = 0
        while true {
            let chunk = try source.read(upTo: 1 << 20)
            total += chunk.count
            guard total <= mostBytes else { throw SyscallError("read", EFBIG) }
            if chunk.isEmpty { return }
            try target.write(chunk)
        }
    }
}
