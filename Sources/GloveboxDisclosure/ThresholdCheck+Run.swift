internal import GloveboxCore
package import GloveboxPolicy

extension ThresholdCheck {
    /// Cells with fewer units than the threshold, and empty cells apart.
    ///
    /// Source: release policy section 5.1.
    package func findings(_ counts: CellCounts) -> [Finding] {
        let small = counts.frame.cells.filter { counts.units[$0] < minUnits }
        var findings = [finding("threshold", small, counts.frame, "cells with fewer than \(minUnits) units")]
        if zeros == .disclosive {
            let empty = counts.frame.cells.filter { counts.units[$0] == 0 }
            if !empty.isEmpty { findings.append(finding("threshold", empty, counts.frame, "empty cells")) }
        }
        if fullCells == .disclosive {
            findings.append(
                finding("full_cells", full(counts), counts.frame, "groups all, or all but one, in one category")
            )
        }
        return findings
    }

    /// Cells of groups that are all, or all but one, in one category of a sensitive dimension, or that leave a category
    /// empty while zeros are disclosive.
    ///
    /// Source: release policy section 5.2.
    package func full(_ counts: CellCounts) -> [Int] {
        let margins = Margins(sizes: counts.frame.sizes)
        var unsafe: Set<Int> = []
        for (index, dimension) in counts.frame.dimensions.enumerated() where dimension.isSensitive {
            let groups = Dictionary(grouping: counts.frame.cells) { margins.margin(of: $0, over: index) }
            for (margin, cells) in groups where counts.units[margin] > 0 {
                for cell in cells {
                    let isFull = counts.units[cell] >= counts.units[margin] - 1 && cells.count > 1
                    let isEmpty = counts.units[cell] == 0 && zeros == .disclosive
                    if isFull || isEmpty { unsafe.insert(cell) }
                }
            }
        }
        return unsafe.sorted()
    }

    private func finding(_ check: String, _ cells: [Int], _ frame: TableFrame, _ detail: String) -> Finding {
        Finding(
            check,
            cells.isEmpty ? .pass : .fail,
            cells: cells.map(frame.labels),
            detail: cells.isEmpty ? "" : "\(cells.count) \(detail)",
            parameters: [
                "min_units": .integer(minUnits), "zeros": .string(zeros.rawValue),
                "full_cells": .string(fullCells.rawValue),
            ]
        )
    }
}
