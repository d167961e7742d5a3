import ArgumentParser
import Glibc
import GloveboxCore
import GloveboxLinux

/// The command `glovebox audit unpack`.
struct AuditUnpackCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unpack",
        abstract: "Unpack an export into a new directory; links, devices and paths that lead elsewhere are refused.",
        discussion: "EXAMPLE\n  glovebox audit unpack audit.tar --out audit"
    )

    @Argument(help: "The export.")
    var export: String

    @Option(help: ArgumentHelp("A directory that is not there yet.", valueName: "DIR"))
    var out: String

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() async throws {
        let terminal = Terminal(json: json, quiet: false)
        try await AuditStatus.report(terminal) { () async throws(GloveboxError) in
            do throws(GloveboxError) {
                let files = try unpack()
                terminal.result(
                    ["directory": .string(out), "files": .integer(Int64(files))],
                    ["\(files) files in \(Display.escape(out)); open \(Display.escape(out))/\(ExportFile.page)"]
                )
                return true
            } catch {
                guard error.code.hasPrefix("archive.") else { throw error }
                return AuditStatus.refuse(error, terminal)
            }
        }
    }

    /// Writes the files and counts them.
    ///
    /// What was written stays when a later one is refused.
    private func unpack() throws(GloveboxError) -> Int {
        let archive: Descriptor
        do throws(SyscallError) {
            archive = try Descriptor.open(export, O_RDONLY | O_NOFOLLOW)
            guard unsafe mkdir(out, 0o755) == 0 else { throw SyscallError("mkdir", errno, out) }
        } catch { throw error.coded("input.io") }
        var reader = TarReader()
        var files = 0
        while let header = try reader.header(read(archive, TarWriter.block)) {
            if let slash = header.path.lastIndex(of: "/") {
                try OutputFile.makeDirectory(out + "/" + header.path[..<slash])
            }
            let bytes = try read(archive, header.bytes)
            guard try read(archive, TarWriter.padding(after: header.bytes).count).allSatisfy({ $0 == 0 }) else {
                throw GloveboxError("archive.format", "the archive has bytes between its files")
            }
            try OutputFile.write(bytes, to: out + "/" + header.path)
            files += 1
        }
        return files
    }

    private func read(_ archive: Descriptor, _ count: Int) throws(GloveboxError) -> [UInt8] {
        var bytes: [UInt8] = []
        do throws(SyscallError) {
            while bytes.count < count {
                let more = try archive.read(upTo: min(count - bytes.count, 1 << 20))
                if more.isEmpty { break }
                bytes += more
            }
        } catch { throw error.coded("input.io") }
        guard bytes.count == count else {
            throw GloveboxError("archive.format", "the archive ends in the middle of a file")
        }
        return bytes
    }
}
