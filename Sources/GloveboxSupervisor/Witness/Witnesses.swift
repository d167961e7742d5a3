internal import Foundation
internal import GloveboxAPI
package import GloveboxCore
internal import GloveboxStore
internal import GloveboxTransparency
package import Logging

/// Asks the log's own witnesses after each new checkpoint.
///
/// Appends never wait for it. A witness is believed in what it signed, and in what the log itself signed that it shows;
/// whatever else it says can raise an alarm and stop nothing.
///
/// Source: transparency-log specification, sections 10.2 and 11.
package actor Witnesses {
    /// Longest time, in seconds, for which a witness that does not answer is left alone.
    private static let longestRest: Int64 = 30

    private let site: Site
    private let logger: Logger
    private let disk = Offload("witnesses", isSerial: true)
    private var peers: [WitnessPeer] = []
    /// The size of the checkpoint last asked for.
    private var asked: UInt64?

    /// The witnesses of a site's settings that have an address.
    ///
    /// - Throws: `config.invalid`.
    package init(site: Site, logger: Logger) throws(GloveboxError) {
        self.site = site
        self.logger = logger
        guard let policy = site.settings.witnessing?.policy else { return }
        for (name, key) in policy.witnesses.sorted(by: { $0.key < $1.key }) {
            guard let address = policy.addresses[name] else { continue }
            peers.append(WitnessPeer(name: name, key: key, client: try WitnessClient(address)))
        }
    }

    /// Refuses to go on when a witness shows a checkpoint of this log that its disk does not know.
    ///
    /// Waits a second at most, for all together; witnesses that cannot be reached are passed over, so that sites which
    /// watch each other can start.
    ///
    /// - Throws: `log.rollback`, `log.fork`; the evidence is kept.
    package func compare() async throws(GloveboxError) {
        let site = site
        var evidence: LogEvidence?
        await withTaskGroup(of: WitnessPeer.Turn.self) { group in
            for peer in peers { group.addTask { await peer.confront(site.log) } }
            for await case .convicted(let found) in group { evidence = evidence ?? found }
        }
        if let evidence { throw Site.conviction(evidence, try site.keep(evidence)) }
    }

    /// Asks after each new checkpoint, and again while one is missing, until the task is cancelled.
    package func run() async {
        while !Task.isCancelled, !peers.isEmpty {
            do throws(GloveboxError) {
                let now = Machine.now()
                if site.log.size != asked || peers.contains(where: { $0.isDue(at: now) && $0.cosigned < site.log.size })
                {
                    try await round()
                }
                let rings = site.bell.rings
                guard site.log.size == asked else { continue }
                _ = try await disk.run { [site] in site.bell.wait(after: rings, until: Date(timeIntervalSinceNow: 1)) }
            } catch {
                logger.critical("the log's witnesses", metadata: ["code": "\(error.code)", "why": "\(error.message)"])
                break
            }
        }
    }

    /// One round: all witnesses that are due at once, then the cosigned checkpoint.
    ///
    /// - Throws: `log.unavailable`; `log.rollback` and `log.fork` after the log has been stopped.
    func round() async throws(GloveboxError) {
        let site = site
        let bytes = site.log.checkpoint
        let note = try SignedNote(parsing: bytes)
        let checkpoint = try Checkpoint.open(note: bytes, key: site.log.key)
        try await disk.run { () throws(GloveboxError) in try site.log.publish() }
        let due = peers.indices.filter { peers[$0].isDue(at: Machine.now()) }
        var turns: [(name: String, turn: WitnessPeer.Turn)] = []
        var lines: [(name: String, line: SignedNote.Signature)] = []
        await withTaskGroup(of: (Int, WitnessPeer, WitnessPeer.Turn).self) { group in
            for index in due {
                var peer = peers[index]
                group.addTask {
                    let turn = await peer.ask(for: checkpoint, bytes, log: site.log)
                    return (index, peer, turn)
                }
            }
            for await (index, peer, turn) in group {
                peers[index] = peer
                peers[index].rest(after: turn, at: Machine.now(), longest: Self.longestRest)
                turns.append((peer.name, turn))
                guard case .cosigned(let line) = turn else { continue }
                lines.append((peer.name, line))
                // Who waits for the quorum must not wait for the slowest.
                site.take(checkpoint, note, lines)
            }
        }
        asked = checkpoint.size
        let (cosigned, answered) = (SignedNote(text: note.text, signatures: note.signatures + lines.map(\.line)), turns)
        try await disk.run { () throws(GloveboxError) in
            if cosigned.signatures.count > note.signatures.count { try site.log.publish(cosigned: cosigned.bytes) }
            try site.account(for: answered)
        }
    }
}
