#include "adapters/cli/table.hpp"

#include "adapters/cli/text_width.hpp"

#include <algorithm>
#include <numeric>

namespace zs::cli {
namespace {

constexpr std::string_view kDim = "\x1b[2m";
constexpr std::string_view kBold = "\x1b[1m";
constexpr std::string_view kPlain = "\x1b[0m";
constexpr std::string_view kNull = "NULL";
constexpr std::size_t kColumnMin = 6;  // narrower cells say nothing

std::string cell_text(const std::optional<std::string>& cell) {
    if (!cell) return std::string(kNull);
    if (*cell == kNull) return "'NULL'";
    return printable(*cell);
}

std::string styled(std::string text, std::string_view style, bool color) {
    return color ? std::string(style) + text + std::string(kPlain) : text;
}

std::size_t total_width(const std::vector<std::size_t>& widths) {
    // One blank on both sides of a cell, a bar between two.
    const auto cells = std::accumulate(widths.begin(), widths.end(), std::size_t{0});
    return cells + widths.size() * 3 - 1;
}

// Takes columns from the widest until the table fits. False when it cannot.
bool shrink(std::vector<std::size_t>& widths, std::size_t width_max) {
    while (total_width(widths) > width_max) {
        const auto widest = std::max_element(widths.begin(), widths.end());
        if (*widest <= kColumnMin) return false;
        // Down to the second widest at once, but not below what is needed.
        std::size_t next = kColumnMin;
        for (auto it = widths.begin(); it != widths.end(); ++it) {
            if (it != widest && *it < *widest) next = std::max(next, *it);
        }
        const auto surplus = total_width(widths) - width_max;
        *widest = std::max(next, *widest > surplus ? *widest - surplus : 0);
        if (*widest == next && next == kColumnMin && total_width(widths) > width_max
            && *std::max_element(widths.begin(), widths.end()) <= kColumnMin) {
            return false;
        }
    }
    return true;
}

std::string as_grid(const std::vector<TableColumn>& columns, const std::vector<TableRow>& rows,
                    const std::vector<std::size_t>& widths, bool color) {
    std::string out;
    const auto add_line = [&](const auto& cell_of) {
        std::string line;
        for (std::size_t i = 0; i < columns.size(); ++i) {
            line += (i == 0 ? " " : " | ");
            line += cell_of(i);
        }
        while (line.ends_with(' '))
            line.pop_back();
        out += line + '\n';
    };
    const auto aligned = [&](std::size_t i, const std::string& text) {
        const auto cut = cut_to_width(text, widths[i]);
        return columns[i].align == Align::Right ? pad_left(cut, widths[i])
                                                : pad_right(cut, widths[i]);
    };
    add_line([&](std::size_t i) {
        return styled(aligned(i, printable(columns[i].name)), kBold, color);
    });
    for (std::size_t i = 0; i < columns.size(); ++i) {
        out += (i == 0 ? "-" : "-+-") + std::string(widths[i], '-');
    }
    out += "-\n";
    for (const auto& row : rows) {
        add_line([&](std::size_t i) {
            auto text = aligned(i, cell_text(row[i]));
            return row[i] ? text : styled(std::move(text), kDim, color);
        });
    }
    return out;
}

std::string as_records(const std::vector<TableColumn>& columns, const std::vector<TableRow>& rows,
                       bool color) {
    std::size_t name_width = 0;
    for (const auto& column : columns) {
        name_width = std::max(name_width, display_width(printable(column.name)));
    }
    std::string out;
    for (std::size_t n = 0; n < rows.size(); ++n) {
        out += styled("-[ row " + std::to_string(n + 1) + " ]-", kDim, color) + '\n';
        for (std::size_t i = 0; i < columns.size(); ++i) {
            const auto name = pad_right(printable(columns[i].name), name_width);
            auto text = cell_text(rows[n][i]);
            if (!rows[n][i]) text = styled(std::move(text), kDim, color);
            out += " " + styled(name, kBold, color) + " | " + text + '\n';
        }
    }
    return out;
}

}  // namespace

std::string render_table(const std::vector<TableColumn>& columns, const std::vector<TableRow>& rows,
                         const TableStyle& style) {
    if (columns.empty()) return {};
    std::vector<std::size_t> widths;
    for (std::size_t i = 0; i < columns.size(); ++i) {
        std::size_t width = std::max<std::size_t>(1, display_width(printable(columns[i].name)));
        for (const auto& row : rows)
            width = std::max(width, display_width(cell_text(row[i])));
        widths.push_back(width);
    }
    if (style.width_max && !shrink(widths, *style.width_max)) {
        return as_records(columns, rows, style.color);
    }
    return as_grid(columns, rows, widths, style.color);
}

}  // namespace zs::cli
