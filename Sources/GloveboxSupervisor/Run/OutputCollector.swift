internal import Glibc
internal import GloveboxCore
internal import GloveboxLinux
internal import GloveboxPolicy

/// Takes what a job left, when its last process is dead, by descriptor and on bytes: names and files are hostile.
struct OutputCollector {
    /// One regular file.
    struct File: Sendable {
        let name: String
        let bytes: [UInt8]
    }

    /// Everything that was there.
    struct Outputs: Sendable {
        var files: [File] = []
        /// What makes the whole folder unfit for release, in words for the owner.
        var faults: [String] = []
    }

    let policy: OutputPolicy

    private static let mostEntries = 64
    private static let mostBytes = 16 << 20

    /// Collects; what the policy does not declare is a fault, and read only where a commitment to it is wanted.
    func collect(_ directory: Descriptor, readsUndeclared: Bool = true) throws(GloveboxError) -> Outputs {
        var outputs = Outputs()
        for name in try names(of: directory) {
            guard let text = String(validating: name, as: UTF8.self), let limit = limit(text) else {
                outputs.faults.append("undeclared-file")
                guard readsUndeclared else { continue }
                do throws(SyscallError) {
                    let bytes = try take(name, directory, limit: Self.mostBytes)
                    outputs.files.append(File(name: "undeclared", bytes: bytes))
                } catch {}  // not a file one can read: nothing to commit to, and the fault stands already
                continue
            }
            do throws(SyscallError) {
                let bytes = try take(name, directory, limit: limit)
                outputs.files.append(File(name: text, bytes: bytes))
            } catch { outputs.faults.append(error.errno == EFBIG ? "too-large" : "not-a-regular-file") }
        }
        for declared in policy.outputs where declared.isRequired && !declared.type.isSpec {
            if !outputs.files.contains(where: { $0.name == declared.name }) { outputs.faults.append("missing-output") }
        }
        return outputs
    }

    /// How large a file of that name may be; nil for a name that the policy does not declare.
    private func limit(_ name: String) -> Int? {
        if let declared = policy.output(named: name) {
            return declared.type.isSpec ? nil : Int(clamping: declared.maxBytes)
        }
        guard let figure = policy.opaque.fallback, figure.name.utf8.elementsEqual(name.utf8) else { return nil }
        return Self.limit(figure)
    }

    /// The bytes of a picture of so many pixels that is not even compressed.
    static func limit(_ figure: OpaqueFallback) -> Int { min(mostBytes, Int(figure.maxPixels) * 5 + 1 << 16) }

    private func take(_ name: [UInt8], _ directory: Descriptor, limit: Int) throws(SyscallError) -> [UInt8] {
        let file = try directory.openOwn(name)
        let status = try file.status()
        guard status.isRegular, status.links == 1 else { throw SyscallError("openat2", ELOOP) }
        guard status.size <= limit else { throw SyscallError("read", EFBIG) }
        return try file.readAll(limit: limit)
    }

    private func names(of directory: Descriptor) throws(GloveboxError) -> [[UInt8]] {
        do { return try directory.names(limit: Self.mostEntries) } catch  where error.errno == E2BIG {
            throw GloveboxError("output.too-many", "the job left more than \(Self.mostEntries) files")
        } catch { throw error.coded("output.collect") }
    }
}
