import GloveboxCore
import GloveboxStore
import GloveboxTransparency

@testable import GloveboxSupervisor

extension SiteLog {
    /// Every record of the journal, in order.
    static func records(_ log: LogWriter) throws -> [SiteRecord] {
        var records: [SiteRecord] = []
        try log.replay { (entry) throws(GloveboxError) in
            guard case .event = entry.kind else { return }
            records.append(try record(entry))
        }
        var erasures = Erasures()
        for record in records { try erasures.note(record) }
        return try records.map { try erasures.substitute($0) }
    }
}
