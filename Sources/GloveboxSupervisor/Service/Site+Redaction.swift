internal import GloveboxAPI
internal import GloveboxCore
internal import GloveboxStore
internal import GloveboxTransparency

extension Site {
    /// Asks for an erasure, or agrees to one that another account asked for, which then happens.
    func redact(_ caller: Caller, _ request: RedactionRequest) throws(GloveboxError) -> RedactionState {
        let entry = try SiteLog.record(request.entry, of: log)
        let known = read { state in state.redactions[request.entry] }
        guard known?.isPerformed != true else {
            throw GloveboxError("object.conflict", "entry \(request.entry) has been redacted already")
        }
        let remainder = try Redaction.remainder(of: entry)
        let about: [(String, JSONValue)] = [
            ("entry", .string(String(request.entry))), ("reason", .string(request.reason)),
        ]
        guard let known else {
            try record(
                Event(kind: .approvalGiven, actor: caller.account, entity: "entry-\(request.entry)", fields: about),
                .object(JSONObject(about + [("account", .string(caller.account))]))
            )
            return RedactionState(entry: request.entry, quorum: QuorumInfo(need: 2, have: 1))
        }
        guard known.reason.utf8.elementsEqual(request.reason.utf8) else {
            throw GloveboxError("object.conflict", "this redaction was asked for with the reason \(known.reason)")
        }
        guard known.account != caller.account else {
            throw GloveboxError("approval.separation", "a redaction needs the word of a second account")
        }
        try record(
            Event(
                kind: .redactionPerformed,
                actor: caller.account,
                fields: about + [("asked", .string(String(known.asked)))]
            ),
            ["entry": .string(String(request.entry)), "remainder": remainder]
        )
        try destroyBody(request.entry)
        return RedactionState(entry: request.entry, quorum: QuorumInfo(need: 2, have: 2))
    }

    /// Destroys what a crash kept of redactions on record.
    func finishRedactions() throws(GloveboxError) {
        let open = read { state in
            state.redactions.filter { $0.value.isPerformed && !$0.value.isDestroyed }.keys.sorted()
        }
        for entry in open { try destroyBody(entry) }
    }

    /// Destroys the key of an entry's private body.
    func destroyKey(_ entry: UInt64) throws(GloveboxError) {
        try log.destroyBody(entry) { (keys) throws(GloveboxError) in
            try StateFile.replaceSecret(keys, at: layout.nodeKeys + "/bodies.key")
        }
    }

    private func destroyBody(_ entry: UInt64) throws(GloveboxError) {
        try destroyKey(entry)
        let about: [(String, JSONValue)] = [("entry", .string(String(entry)))]
        try record(
            Event(kind: .keyDestroyed, entity: "body-key-\(entry)", fields: about),
            .object(JSONObject(about))
        )
    }
}
