internal import GloveboxCore

/// How far a webhook has been told what happened, and how it failed since.
///
/// The journal has what there is to tell, this has what was told. A copy on disk may be a second behind, or gone: what it does
/// not know is sent again.
struct WebhookProgress: Sendable, Hashable {
    /// Seconds before the second try, and at most between two.
    private static let pause: (first: Int64, longest: Int64) = (10, 6 * 3600)
    /// Seconds after which what could not be told is given up.
    static let patience: Int64 = 24 * 3600
    /// Seconds of failure after which a webhook is sent nothing more.
    static let end: Int64 = 3 * 24 * 3600

    /// Up to where everything was told, or given up.
    var place: EventPlace
    /// Since when nothing reached it; nil while all does.
    private(set) var failingSince: Instant?
    /// How often in a row it failed.
    private(set) var tries: Int64 = 0
    /// Before this nothing is tried.
    private(set) var next = Instant(milliseconds: 0)

    /// A webhook that was made, or of which nothing is known, begins with its making, or a day ago.
    init(created: Instant, at now: Instant) {
        let start = max(created.milliseconds, now.milliseconds - 1000 * Self.patience)
        place = EventPlace(at: start, job: .max, number: .max)
    }

    /// Takes in that the message with this number arrived, of several whose places are given; a place is told when the last
    /// message of it is.
    mutating func succeed(_ number: Int, of places: [EventPlace]) {
        (failingSince, tries, next) = (nil, 0, Instant(milliseconds: 0))
        if number + 1 == places.count || places[number + 1] > places[number] { place = places[number] }
    }

    /// Takes in that a message did not arrive: what is too old is given up, the rest tried again later.
    mutating func fail(at now: Instant) {
        if failingSince == nil { failingSince = now }
        var pause = Self.pause.first
        for _ in 0..<min(tries, 20) where pause < Self.pause.longest { pause *= 2 }
        tries += 1
        next = now.adding(seconds: min(pause, Self.pause.longest))
        place = max(place, EventPlace(at: now.milliseconds - 1000 * Self.patience, job: 0, number: 0))
    }

    /// Whether it failed for so long that it is given up.
    func isOver(at now: Instant) -> Bool { failingSince.map { $0.adding(seconds: Self.end) <= now } ?? false }

    /// The progress in a file.
    var bytes: [UInt8] {
        var members: [(String, JSONValue)] = [
            ("place", .string(place.text)), ("tries", .integer(tries)), ("next", .string(next.description)),
        ]
        if let failingSince { members.append(("failing_since", .string(failingSince.description))) }
        return CanonicalJSON.encode(.object(JSONObject(members)))
    }

    /// Reads what ``bytes`` writes; nil for anything else.
    init?(_ bytes: [UInt8]) {
        do throws(GloveboxError) {
            var fields = try JSONFields(JSONReader.read(bytes), at: "progress")
            guard let place = EventPlace(try fields.string("place")), let next = Instant(try fields.string("next"))
            else {
                return nil
            }
            (self.place, self.next, tries) = (place, next, try fields.integer("tries"))
            failingSince = fields.optional("failing_since")?.string.flatMap { Instant($0) }
        } catch { return nil }
    }
}
