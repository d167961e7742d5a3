internal import Glibc
internal import GloveboxAttestation
package import GloveboxCore
internal import GloveboxPrivacy
internal import GloveboxStore

/// The key broker's calls.
package final class BrokerService: CompanionService {
    private let directory: String
    /// There from the first `hello` on, which may bring the secret that opens it.
    private var opened: KeyBroker?

    /// Serves the broker of a directory.
    package init(_ directory: String) { self.directory = directory }

    package func perform(_ name: String, _ call: inout JSONFields) throws(GloveboxError) -> JSONValue {
        if name == "hello" { return try hello(&call) }
        guard let broker = opened else { throw GloveboxError("kbs.message", "the first call to a broker is hello") }
        let answer = try perform(name, &call, broker)
        return ["answer": answer, "ledger": broker.state.json]
    }

    private func perform(
        _ name: String,
        _ call: inout JSONFields,
        _ broker: KeyBroker
    ) throws(GloveboxError) -> JSONValue {
        switch name {
        case "enrol":
            let keys = try DatasetKeys(bytes: call.base64("keys"))
            let (file, commitment) = (try call.string("file"), try call.digest("commitment"))
            try call.finish()
            try broker.enrol(file: file, commitment: commitment, keys: keys)
            return [:]
        case "nonce":
            try call.finish()
            return ["nonce": .string(Base64.encode(try broker.nonce()))]
        case "prepareRotation":
            try call.finish()
            return ["kekId": broker.prepareRotation().json]
        case "rotate":
            try call.finish()
            try broker.rotate()
            return [:]
        case "grant": return try grant(&call, broker)
        case "release":
            let (request, file) = (try call.digest("request"), try call.string("file"))
            let (entry, proof) = (try call.base64("entry"), try call.base64("proof"))
            try call.finish()
            let sealed = try broker.release(request, file: file, entry: entry, proof: proof)
            return [
                "encapsulated": .string(Base64.encode(sealed.encapsulated)),
                "ciphertext": .string(Base64.encode(sealed.ciphertext)),
            ]
        case "checkingKey":
            let request = try call.digest("request")
            try call.finish()
            return ["key": .string(Base64.encode(try broker.checkingKey(request)))]
        case "charge":
            let charge = try PrivacyLedger.Charge(json: call.required("charge"))
            let (request, policy) = (try call.digest("request"), try call.required("policy"))
            try call.finish()
            try broker.charge(charge, under: request, policy: policy)
            return [:]
        case "split":
            let (lineage, new) = (try call.string("from"), try call.string("into"))
            try call.finish()
            try broker.split(lineage, into: new)
            return [:]
        default: throw GloveboxError("kbs.message", "the broker does not know the call \(Display.escape(name))")
        }
    }

    private func hello(_ call: inout JSONFields) throws(GloveboxError) -> JSONValue {
        let known = try call.optional("ledger").map { json throws(GloveboxError) in try LedgerState(json: json) }
        let secret = try call.optional("secret").map { json throws(GloveboxError) in try SealingSecret(json: json) }
        try call.finish()
        let broker = try open(secret)
        let later = try broker.check(against: known ?? .empty)
        var greeting: [(String, JSONValue)] = [
            ("ledger", broker.state.json), ("grants", .array(later.map(\.json))), ("kekId", try broker.kekID().json),
            ("historyKey", .string(Base64.encode(try broker.historyKey()))), ("sealing", .string(broker.sealing)),
            ("user", .string(String(geteuid()))),
        ]
        if let count = broker.count { greeting.append(("counter", .string(String(count)))) }
        return .object(JSONObject(greeting))
    }

    /// Opens the store, once, with a secret of the supervisor's TPM or its own.
    private func open(_ secret: SealingSecret?) throws(GloveboxError) -> KeyBroker {
        if let opened { return opened }
        let sealing = secret.map(CountedSealing.init)
        let broker = try KeyBroker(directory, sealing: sealing)
        opened = broker
        return broker
    }

    private func grant(_ call: inout JSONFields, _ broker: KeyBroker) throws(GloveboxError) -> JSONValue {
        let evidence = try KeyEvidence(reading: &call)
        let (nonce, file) = (try call.base64("nonce"), try call.string("file"))
        let others = call.optional("joined")?.array ?? []
        let joined = others.compactMap(\.string)
        guard joined.count == others.count else { throw GloveboxError("kbs.message", "a file has no name") }
        let policy = try call.required("policy")
        try call.finish()
        let grant = try broker.grant(evidence, nonce: nonce, file: file, joined: joined, policy: policy)
        return grant.json
    }
}
