package import GloveboxCore
internal import GloveboxJobs

/// `POST /jobs/{id}/release/context`: what a researcher answers to reviewers who sent a release back.
///
/// Source: job-backend sections 2 and 4.1.
package struct ReleaseAnswer: APIValue, Hashable {
    /// What a file is, in the researcher's words.
    package struct Note: APIValue, Hashable {
        /// The file's name in the release.
        package let path: String
        /// Population, base of the counts, what is not obvious: at most 1024 bytes.
        package let text: String

        /// Describes a file.
        package init(path: String, text: String) { (self.path, self.text) = (path, text) }

        package init(json: JSONValue) throws(GloveboxError) {
            var fields = try JSONFields(json, at: "note")
            path = try fields.text("path", atMost: 255)
            text = try fields.text("text", atMost: 1024)
            try fields.finish()
        }

        package var json: JSONValue { ["path": .string(path), "text": .string(text)] }
    }

    private static let mostFiles = 100

    /// The answer: at least one byte and at most 4096.
    package let message: String
    /// What files are.
    package let notes: [Note]
    /// Names of files that are to be left out; at least one stays.
    package let drop: [String]

    /// Answers.
    package init(message: String, notes: [Note] = [], drop: [String] = []) {
        (self.message, self.notes, self.drop) = (message, notes, drop)
    }

    package init(json: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "answer")
        message = try fields.text("message", atMost: 4096)
        notes = json["notes"] == nil ? [] : try fields.values("notes")
        drop = json["drop"] == nil ? [] : try fields.strings("drop")
        try fields.finish()
        guard !message.isEmpty else {
            throw GloveboxError("schema.value", "an answer to the reviewers has words: message is empty")
        }
        guard notes.count <= Self.mostFiles, drop.count <= Self.mostFiles else {
            throw GloveboxError("limit.exceeded", "an answer names at most \(Self.mostFiles) files")
        }
        guard drop.allSatisfy({ $0.utf8.count <= 255 }) else {
            throw GloveboxError("limit.exceeded", "a file's name has at most 255 bytes")
        }
    }

    package var json: JSONValue {
        [
            "message": .string(message), "notes": .array(notes.map(\.json)),
            "drop": .array(drop.map(JSONValue.string)),
        ]
    }
}

/// A round of a review that ended with questions, as the researcher sees it in `GET /jobs/{id}`.
package struct ReviewRound: APIValue, Hashable {
    /// What those wrote who sent the release back; they stay unnamed.
    package let comments: [String]
    /// What was answered; nil while reviewers wait for it.
    package let answer: ReleaseAnswer?

    /// Tells a round.
    package init(comments: [String], answer: ReleaseAnswer?) { (self.comments, self.answer) = (comments, answer) }

    package init(json: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(json, at: "round")
        comments = try fields.strings("comments")
        answer = try fields.optional("answer").map(ReleaseAnswer.init(json:))
        try fields.finish()
    }

    package var json: JSONValue {
        var object = JSONObject([("comments", .array(comments.map(JSONValue.string)))])
        object["answer"] = answer?.json
        return .object(object)
    }
}
