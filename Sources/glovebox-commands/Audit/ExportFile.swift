import Glibc
import GloveboxCore
import GloveboxLinux
import GloveboxTransparency

/// An export being written: one tar archive, and last in it the page that checks it.
struct ExportFile {
    /// Name of the page in the archive.
    static let page = "auditor.html"

    private let path: String
    private let file: Descriptor
    private var shown: [(path: String, bytes: [UInt8])] = []
    private var shownBytes = 0

    /// Starts beside the place where the archive will stand once it is whole.
    init(_ path: String) throws(GloveboxError) {
        self.path = path
        do {
            file = try Descriptor.open(path + ".partial", O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, mode: 0o600)
        } catch { throw error.coded("input.io") }
    }

    /// Adds a file; the page carries those it checks, as long as they are not too many.
    mutating func add(_ name: String, _ bytes: [UInt8], onPage: Bool) throws(GloveboxError) {
        try write(name, bytes)
        guard onPage else { return }
        shownBytes += bytes.count
        if shownBytes <= AuditorPage.maxBytes { shown.append((name, bytes)) }
    }

    /// Adds the page, ends the archive and puts it in its place.
    func finish() throws(GloveboxError) {
        let page = AuditorPage(
            template: PackageResources.auditor_html,
            style: PackageResources.auditor_css,
            script: PackageResources.auditor_js
        )
        try write(Self.page, page.bytes(files: shownBytes <= AuditorPage.maxBytes ? shown : []))
        do throws(SyscallError) {
            try file.write(TarWriter.end)
            guard unsafe rename(path + ".partial", path) == 0 else { throw SyscallError("rename", errno, path) }
        } catch { throw error.coded("input.io") }
    }

    private func write(_ name: String, _ bytes: [UInt8]) throws(GloveboxError) {
        let header = try TarWriter.header(path: name, bytes: bytes.count)
        do { try file.write(header + bytes + TarWriter.padding(after: bytes.count)) } catch {
            throw error.coded("input.io")
        }
    }
}
