import ArgumentParser
import GloveboxCore
import GloveboxPrivacy
import GloveboxTables

/// `gloveboxd policy claim`: computes anew what a researcher states of a training with differential privacy.
struct PolicyClaimCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "claim",
        abstract: "Compute the epsilon of a training from its parameters, and compare it with what is stated.",
        discussion: """
            The file is what comes with the code as \(StatedClaim.fileName): rate (Poisson sampling), noise_multiplier, steps, \
            delta and the epsilon that is stated. It stays a claim: nobody but the job knows what noise it added.

            EXAMPLE
              glovebox policy claim training.claim.json

            EXIT STATUS
              0 no less is stated than the parameters give; 1 less is, or the file is no claim; 2 usage.
            """
    )

    @Argument(help: ArgumentHelp("The claim.", valueName: "FILE"))
    var file: String

    @OptionGroup var options: ReportOptions

    func run() throws {
        var holds = false
        try options.report { () throws(GloveboxError) in
            let claim = try StatedClaim(bytes: DocumentFile.bytes(file, limit: 1 << 17))
            let found = claim.epsilonOfParameters
            holds = found.map { $0 <= claim.epsilon } ?? false
            guard var object = claim.report.object else { return }
            object["holds"] = .bool(holds)
            options.result(
                .object(object),
                [
                    "epsilon     \(found?.text ?? "above 10^6") at delta \(claim.delta.text), by the parameters",
                    "stated      \(claim.epsilon.text), \(holds ? "no less" : "which is less: refused")",
                    "status      a claim: the noise was not the supervisor's",
                ]
            )
        }
        if !holds { throw ExitCode(1) }
    }
}
