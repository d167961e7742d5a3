import ArgumentParser
import GloveboxAPI
import GloveboxCore

/// The command `glovebox budgets`.
struct BudgetsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "budgets",
        abstract: "Show what projects and datasets have used of their limits.",
        discussion: "EXAMPLE\n  glovebox budgets --project flu"
    )

    @Option(help: "Of this project alone.")
    var project: String?

    @Option(help: "Of this dataset alone.")
    var dataset: String?

    @OptionGroup var site: SiteOptions

    func run() async throws {
        try await Session.run(site) { session in
            let list = try await session.client.budgets(project: project, dataset: dataset)
            session.terminal.result(list.json, list.items.flatMap(Self.lines))
        }
    }

    private static func lines(_ budget: BudgetInfo) -> [String] {
        var lines: [String]
        switch budget.holder {
        case .project(let name): lines = [Terminal.row("project", name)]
        case .dataset(let name): lines = [Terminal.row("dataset", name)]
        }
        if let runs = budget.runs { lines.append(Terminal.row("runs", text(runs))) }
        if let bytes = budget.releasedBytes { lines.append(Terminal.row("released", text(bytes) + " bytes")) }
        lines.append(Terminal.row("rho", text(budget.rho) + ", epsilon \(budget.epsilon)"))
        for (name, limit) in budget.policies.sorted(by: { $0.key < $1.key }) {
            lines.append(Terminal.row("", "at most \(limit) under \(name)"))
        }
        return lines
    }

    private static func text(_ amount: BudgetInfo.Amount) -> String {
        amount.limit.map { "\(amount.used) of \($0)" } ?? amount.used
    }
}
