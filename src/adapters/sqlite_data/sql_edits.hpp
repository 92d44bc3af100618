#pragma once

#include "base/error.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace zs::sqlite_data {

// A text that was changed in places, and the way back from each of its bytes to the original.
class EditedSql {
public:
    const std::string& text() const { return text_; }
    // Where in the original this byte came from; within something inserted: where it stands.
    std::size_t original_offset(std::size_t offset) const;
    // `part`, which the engine cut out of text(), as it stands in the original: for column names.
    std::string original_of(std::string_view part) const;

private:
    friend class SqlEdits;
    // From `text` on, text_ is the original from `original` on, up to the next piece.
    struct Piece {
        std::size_t text = 0;
        std::size_t original = 0;
        bool inserted = false;
    };
    std::string original_;
    std::string text_;
    std::vector<Piece> pieces_;
};

// Changes to a text, collected in any order.
class SqlEdits {
public:
    bool empty() const { return edits_.empty(); }
    // Puts `open` before [begin, end) and `close` behind it. Of several around the same place the
    // longer range is the outer one.
    void wrap(std::size_t begin, std::size_t end, std::string open, std::string close);
    void replace(std::size_t begin, std::size_t end, std::string with);
    void insert(std::size_t at, std::string text) { replace(at, at, std::move(text)); }
    EditedSql apply(std::string_view sql);

private:
    enum class Order { Close, Open, Replace };
    struct Edit {
        std::size_t begin = 0;
        std::size_t end = 0;
        Order order = Order::Replace;
        std::size_t span = 0;      // of the range that is wrapped
        std::size_t sequence = 0;  // of two around the same range the later one is the outer one
        std::string with;
    };
    static bool comes_first(const Edit& a, const Edit& b);
    std::vector<Edit> edits_;
};

// Says in details where in `sql` the error is: line, column, offset.
Error at_offset(Error error, std::string_view sql, std::size_t offset);

}  // namespace zs::sqlite_data
