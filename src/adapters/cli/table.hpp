#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace zs::cli {

enum class Align { Left, Right };

struct TableColumn {
    std::string name = {};
    Align align = Align::Left;
};

using TableRow = std::vector<std::optional<std::string>>;  // nullopt: NULL

struct TableStyle {
    bool color = false;
    std::optional<std::size_t> width_max = {};  // of the terminal; absent: nothing is cut
};

// Rows as aligned columns. NULL is told from the text NULL, which is put in quotes. Wide cells
// are cut to fit the terminal; when even that is too little, each row is shown as a list of its
// fields.
std::string render_table(const std::vector<TableColumn>& columns, const std::vector<TableRow>& rows,
                         const TableStyle& style);

}  // namespace zs::cli
