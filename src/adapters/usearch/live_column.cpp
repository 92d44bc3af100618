#include "adapters/usearch/live_column.hpp"

#include "adapters/usearch/limits.hpp"
#include "base/encoding.hpp"

#include <algorithm>
#include <cstring>
#include <shared_mutex>
#include <utility>

namespace zs::usearch {

using data::VectorCell;

LiveColumn::LiveColumn(data::VectorColumn id, ColumnShape shape, std::string path)
    : id_(std::move(id)), path_(std::move(path)), shape_(std::move(shape)), store_(path_) {}

data::VectorTable LiveColumn::table() const {
    const std::shared_lock hold(mutex_);
    return shape_.names;
}

// Whether rows of the column may have changed that are not told.
bool LiveColumn::is_missing_changes(const data::ChangeSet& changes) const {
    if (!changes.too_large || !changes.tables) return changes.too_large;
    return std::ranges::any_of(*changes.tables, [&](const std::string& table) {
        return equals_ignoring_case(table, id_.table);
    });
}

void LiveColumn::enqueue(const std::shared_ptr<const data::ChangeSet>& changes) {
    const std::lock_guard hold(queue_mutex_);
    if (freshness_ == Freshness::Unread) return;
    queued_changes_ += changes->changes.size();
    if (is_missing_changes(*changes) || queued_changes_ > limits::kQueuedChangesMax) {
        freshness_ = Freshness::Unread;
        queue_.clear();
        queued_changes_ = 0;
        return;
    }
    queue_.push_back(changes);
}

void LiveColumn::forget() {
    const std::lock_guard hold(queue_mutex_);
    freshness_ = Freshness::Unread;
    queue_.clear();
    queued_changes_ = 0;
}

bool LiveColumn::is_current() const {
    const std::lock_guard hold(queue_mutex_);
    return freshness_ == Freshness::Current;
}

std::size_t LiveColumn::queued() const {
    const std::lock_guard hold(queue_mutex_);
    return queue_.size();
}

// From here on commits are queued; the snapshot that is read is taken later, so each commit is in
// one of the two, or in both, which does no harm: the last value of a row is the same.
void LiveColumn::begin_reading_blocking(ColumnShape shape) {
    const std::unique_lock hold(mutex_);
    {
        const std::lock_guard queue(queue_mutex_);
        freshness_ = Freshness::Reading;
        queue_.clear();
        queued_changes_ = 0;
    }
    const std::size_t declared = shape.names.dimensions;
    const bool other_size = vectors_ && declared != 0 && declared != vectors_->dimensions();
    if (other_size || (vectors_ && vectors_->alive() == 0)) reset_locked();
    shape_ = std::move(shape);
    bad_seen_.clear();
    seen_.clear();
}

Result<void> LiveColumn::take_row_blocking(std::int64_t row_id, const data::SqlValueView& value) {
    thread_local std::vector<float> values;
    const std::unique_lock hold(mutex_);
    const std::size_t dimensions = vectors_ ? vectors_->dimensions() : shape_.names.dimensions;
    const VectorCell cell = data::read_vector(value, dimensions, values);
    auto set = set_row_locked(row_id, cell, values);
    if (!set) return set;
    if (cell == VectorCell::NotAVector) bad_seen_.insert(row_id);
    if (cell != VectorCell::Vector) return {};
    set_bit(seen_, *vectors_->find(row_id));
    return {};
}

void LiveColumn::end_reading_blocking() {
    const std::unique_lock hold(mutex_);
    for (Slot slot = 0; vectors_ && slot < vectors_->slots(); ++slot) {
        if (vectors_->is_alive(slot) && !has_bit(seen_, slot)) {
            remove_row_locked(vectors_->row_id(slot));
        }
    }
    seen_ = {};
    bad_rows_ = std::exchange(bad_seen_, {});
    position_.reset();
    const std::lock_guard queue(queue_mutex_);
    if (freshness_ == Freshness::Reading) freshness_ = Freshness::Current;
}

void LiveColumn::end_lookup_blocking(const std::vector<std::int64_t>& asked, data::ChangeMark now) {
    const std::unique_lock hold(mutex_);
    for (const std::int64_t row_id : asked) {
        const auto slot = vectors_ ? vectors_->find(row_id) : std::nullopt;
        const bool is_there = (slot && has_bit(seen_, *slot)) || bad_seen_.contains(row_id);
        if (!is_there) remove_row_locked(row_id);
    }
    seen_ = {};
    bad_seen_ = {};
    position_ = now;
    const std::lock_guard queue(queue_mutex_);
    if (freshness_ == Freshness::Reading) freshness_ = Freshness::Current;
}

// False: the table has to be read first.
bool LiveColumn::catch_up_blocking() {
    {
        const std::lock_guard queue(queue_mutex_);
        if (freshness_ != Freshness::Current) return false;
        if (queue_.empty()) return true;
    }
    const std::unique_lock hold(mutex_);
    return drain_locked();
}

bool LiveColumn::drain_locked() {
    std::deque<std::shared_ptr<const data::ChangeSet>> changes;
    {
        const std::lock_guard queue(queue_mutex_);
        if (freshness_ != Freshness::Current) return false;
        changes.swap(queue_);
        queued_changes_ = 0;
    }
    for (const auto& set : changes) {
        for (const auto& change : set->changes) {
            if (change.table == shape_.names.table) apply_locked(change);
        }
        note_position_locked(*set);
    }
    const std::lock_guard queue(queue_mutex_);
    return freshness_ == Freshness::Current;
}

void LiveColumn::note_position_locked(const data::ChangeSet& changes) {
    const auto mark = std::ranges::find_if(changes.marks, [&](const data::TableMark& each) {
        return equals_ignoring_case(each.table, shape_.names.table);
    });
    if (mark != changes.marks.end()) {
        position_ = mark->mark;
        return;
    }
    const bool is_touched = std::ranges::any_of(
        changes.changes, [&](const auto& change) { return change.table == shape_.names.table; });
    // The history has ended.
    if (is_touched) position_.reset();
}

void LiveColumn::apply_locked(const data::RowChange& change) {
    using Operation = data::ChangeOperation;
    if (change.operation == Operation::Delete) return remove_row_locked(change.row_id_before);
    if (change.operation == Operation::Update && change.row_id_before != change.row_id_after) {
        remove_row_locked(change.row_id_before);
    }
    thread_local std::vector<float> values;
    VectorCell cell = VectorCell::Empty;
    if (shape_.position < change.new_values.size()) {
        const std::size_t dimensions = vectors_ ? vectors_->dimensions() : shape_.names.dimensions;
        cell = data::read_vector(change.new_values[shape_.position], dimensions, values);
    }
    // Without memory for it the row would be missing: whoever searches next is told why.
    if (!set_row_locked(change.row_id_after, cell, values)) forget();
}

Result<void> LiveColumn::set_row_locked(std::int64_t row_id, VectorCell cell,
                                        const std::vector<float>& values) {
    if (cell != VectorCell::Vector) {
        remove_row_locked(row_id);
        if (cell == VectorCell::NotAVector) bad_rows_.insert(row_id);
        return {};
    }
    if (!vectors_) {
        auto made = ColumnVectors::make(values.size());
        if (!made) return std::move(made).error();
        vectors_ = std::move(*made);
    }
    if (const auto slot = vectors_->find(row_id)) {
        const auto old = vectors_->vector(*slot);
        if (std::memcmp(old.data(), values.data(), old.size_bytes()) == 0) return {};
    }
    remove_row_locked(row_id);
    ++changed_;
    const auto slot = vectors_->add(row_id, values);
    if (!slot) return slot.error();
    if (graph_) {
        set_bit(pending_, *slot);
        pending_order_.push_back(*slot);
        ++pending_count_;
    }
    return {};
}

void LiveColumn::remove_row_locked(std::int64_t row_id) {
    bad_rows_.erase(row_id);
    if (!vectors_) return;
    if (const auto slot = vectors_->remove(row_id)) {
        ++changed_;
        retire_locked(*slot);
    }
}

// The slot's values may still be walked over, or be on their way into a new graph.
void LiveColumn::retire_locked(Slot slot) {
    if (has_bit(pending_, slot)) {
        pending_[slot / 64] &= ~(std::uint64_t{1} << (slot % 64));
        --pending_count_;
    }
    const bool is_node = has_bit(in_graph_, slot);
    if (is_node) ++dead_nodes_;
    if (is_node || building_) {
        dead_.push_back(slot);
    } else {
        vectors_->release(slot);
    }
}

// A graph being built keeps the old values for itself, and is thrown away when it is done.
void LiveColumn::reset_locked() {
    graph_.reset();
    vectors_.reset();
    in_graph_.clear();
    pending_.clear();
    pending_order_.clear();
    pending_count_ = 0;
    dead_.clear();
    dead_nodes_ = 0;
    recall_.reset();
    position_.reset();
    bad_rows_.clear();
}

}  // namespace zs::usearch
