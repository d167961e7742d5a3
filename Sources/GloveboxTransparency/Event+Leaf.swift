package import GloveboxCore

extension Event {
    /// The private fields that ``leaf(at:context:using:)`` adds where the leaf rounds.
    package static let ownBodyFields: Set<String> = ["time", "monoNs"]

    /// Writes the event for its place: the public leaf, and the private body that the leaf commits to.
    ///
    /// - Throws: `log.schema` for a public value that is no id, digest, code or number, or a field name that is taken;
    ///   `log.leaf-not-canonical` for a leaf that is too long; `log.unpaired-report` for an `attestation.issued` that
    ///   nothing stands before.
    package func leaf(
        at place: EventPlace,
        context: EventContext,
        using random: inout some RandomNumberGenerator
    ) throws(GloveboxError) -> (leaf: [UInt8], body: [UInt8]) {
        guard kind != .attestationIssued || place.index > 0 else {
            throw GloveboxError("log.unpaired-report", "attestation.issued stands behind its report")
        }
        let template = try template(at: place.time, monotonic: place.monotonic, context: context, using: &random)
        return (template.leaf(index: place.index, previousOfJob: place.previousOfJob), template.body)
    }

    /// Writes the event as far as that can be done before its place is known.
    ///
    /// - Parameters:
    ///   - wall: the wall clock.
    ///   - monotonic: the monotonic clock, in nanoseconds.
    ///   - context: what stands in every event.
    ///   - random: where salts come from.
    /// - Returns: the leaf without its place, and its private body.
    /// - Throws: as ``leaf(at:context:using:)``.
    package func template(
        at wall: Instant,
        monotonic: UInt64,
        context: EventContext,
        using random: inout some RandomNumberGenerator
    ) throws(GloveboxError) -> LeafTemplate {
        let time = Instant(milliseconds: Self.roundUp(wall.milliseconds, to: timeStep))
        let step = timeStep > 1 ? timeStep * 1_000_000 : 1
        let rounded = Self.roundUp(Int64(clamping: min(monotonic, 1 << 62)), to: step)
        var privateFields = body
        if timeStep > 1 {
            privateFields.append(("time", .integer(wall.milliseconds)))
            privateFields.append(("monoNs", .string(String(monotonic))))
        }
        let sealed = EventBody(privateFields, using: &random)
        let uid = Identifier.uuidText(Identifier.uuid7(at: time, random: EventBody.draw(10, using: &random)))
        var leaf = LeafWriter()
        try writeMembers(
            to: &leaf,
            uid: uid,
            time: time,
            commitment: sealed.commitment,
            monotonic: rounded,
            context: context
        )
        return try LeafTemplate(leaf, body: sealed.bytes, kind: kind)
    }

    private static func roundUp(_ value: Int64, to step: Int64) -> Int64 {
        let rest = value % step
        return rest == 0 ? value : value - rest + step
    }
}
