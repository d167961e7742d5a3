import Glibc
import GloveboxCore
import GloveboxLinux
import GloveboxTransparency
import Testing

extension APISite {
    private static let ends: Set<EventKind> = [
        .outputReleased, .outputWithheld, .jobFailed, .jobErrored, .jobCancelled, .jobDenied, .jobExpired,
    ]

    /// How the public log says that each job ended.
    func endings() throws -> [String: [EventKind]] {
        let log = state + "/log"
        let note = try Descriptor.open(log + "/checkpoint", O_RDONLY).readAll(limit: 10_000)
        let size = try #require(UInt64(String(decoding: note, as: UTF8.self).split(separator: "\n")[1]))
        var ends: [String: [EventKind]] = [:]
        for first in stride(from: 0, to: size, by: TilePath.full) {
            let width = Int(min(size - first, UInt64(TilePath.full)))
            let path = TilePath(.entries, index: first / UInt64(TilePath.full), width: width)
            let bundle = try Descriptor.open("\(log)/\(path.path)", O_RDONLY).readAll(limit: 64 << 20)
            for (offset, leaf) in try EntryBundle.decode(bundle, width: width).enumerated() {
                guard case .event(let fields) = try LeafKind(leaf) else { continue }
                let event = try PublicEvent(fields, at: first + UInt64(offset))
                guard let job = event.job else { continue }
                if event.kind == .jobSubmitted { ends[job] = ends[job] ?? [] }
                if Self.ends.contains(event.kind) { ends[job, default: []].append(event.kind) }
            }
        }
        return ends
    }
}
