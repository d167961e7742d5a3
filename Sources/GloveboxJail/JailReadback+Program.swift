internal import Crypto
internal import Foundation
internal import GloveboxCore
internal import GloveboxLinux

extension JailReadback {
    /// Measures the file that the workload showed as its program; a file that is not regular is none.
    ///
    /// It lies in the jail's read-only root, so what is executed next is what was measured.
    ///
    /// - Throws: `jail.readback` when it cannot be read.
    mutating func measureProgram(_ file: Descriptor?) throws(GloveboxError) {
        guard let file, let path = programPath else { return }
        do throws(SyscallError) {
            guard try file.status().isRegular else { return }
            var hash = SHA256()
            while case let chunk = try file.read(upTo: 1 << 20), !chunk.isEmpty { hash.update(data: chunk) }
            program = GloveboxCore.Digest(bytes: Array(hash.finalize())).map { Program(path: path, digest: $0) }
        } catch { throw error.coded("jail.readback") }
    }
}
