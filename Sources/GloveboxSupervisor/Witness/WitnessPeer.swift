internal import GloveboxAPI
internal import GloveboxCore
internal import GloveboxStore
internal import GloveboxTransparency

/// One witness of the log, and what is known of its record.
struct WitnessPeer: Sendable {
    /// What its turn in a round came to.
    enum Turn: Sendable {
        /// It cosigned; the line is verified.
        case cosigned(SignedNote.Signature)
        /// No answer, or none that says anything.
        case unreachable(String)
        /// It said something of this log that it cannot show, or signed something else.
        case disagreed(String)
        /// It showed a checkpoint that this log signed and does not have.
        case convicted(LogEvidence)
    }

    let name: String
    let key: NoteKey
    let client: WitnessClient
    /// The size it has on record, as far as known.
    private(set) var recorded: UInt64 = 0
    /// The largest size it cosigned in this run.
    private(set) var cosigned: UInt64 = 0
    /// How often in a row it did not answer.
    private var failures: Int64 = 0
    /// Until when it is left alone.
    private var resting: Instant?

    init(name: String, key: NoteKey, client: WitnessClient) {
        self.name = name
        self.key = key
        self.client = client
    }

    /// Whether it may be asked.
    func isDue(at now: Instant) -> Bool { resting.map { $0 <= now } ?? true }

    /// Leaves a witness alone for longer and longer while it does not answer.
    mutating func rest(after turn: Turn, at now: Instant, longest: Int64) {
        if case .cosigned = turn {
            (failures, resting) = (0, nil)
            return
        }
        failures = min(failures + 1, 16)
        resting = now.adding(seconds: min(1 << (failures - 1), longest))
    }

    /// Asks it to cosign: from the size it is thought to have, then from the size it names.
    mutating func ask(for checkpoint: Checkpoint, _ note: [UInt8], log: LogWriter) async -> Turn {
        do throws(GloveboxError) {
            for _ in 0..<3 {
                let old = recorded
                let proof = try log.consistency(from: old, to: checkpoint.size)
                let answer = try await client.add(WitnessRequest(old: old, proof: proof, note: note).bytes)
                let reply = WitnessReply(
                    status: answer.status,
                    body: answer.body,
                    text: checkpoint.text,
                    witness: key,
                    now: Machine.now()
                )
                switch reply {
                case .cosigned(let line):
                    recorded = checkpoint.size
                    cosigned = checkpoint.size
                    return .cosigned(line)
                case .recorded(let size) where size > checkpoint.size: return await confront(log, or: "log.rollback")
                case .recorded(old): return .unreachable("http.409")
                case .recorded(let size): recorded = size
                case .inconsistent:
                    recorded = 0
                    return await confront(log, or: "log.fork")
                case .disagreed: return .disagreed("log.cosignature")
                case .useless(let status): return .unreachable("http.\(status)")
                }
            }
            return .unreachable("http.409")
        } catch {
            return .unreachable(error.code)
        }
    }

    /// Has it show what it has on record: only this log's own signature can speak against this log.
    func confront(_ log: LogWriter, or code: String = "witness.unreachable") async -> Turn {
        let ours = log.checkpoint
        do throws(GloveboxError) {
            let origin = Machine.sha256(Array(log.key.name.utf8))
            guard let theirs = try await client.checkpoint(originHash: origin) else { return .disagreed(code) }
            let (shown, key) = try Checkpoint.open(note: theirs, keys: log.keys)
            let current = try Checkpoint.open(note: ours, key: log.key)
            let found = try LogEvidence.compare(
                old: (theirs, shown),
                new: (ours, current),
                key: key,
                proof: shown.size <= current.size ? log.consistency(from: shown.size, to: current.size) : []
            )
            return found.map { .convicted($0) } ?? .disagreed(code)
        } catch {
            return .disagreed(code)
        }
    }
}
