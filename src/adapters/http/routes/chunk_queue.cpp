#include "adapters/http/routes/chunk_queue.hpp"

namespace zs::http {

Result<void> ChunkQueue::push_blocking(std::string chunk, async::Deadline deadline,
                                       const std::stop_token& cancelled) {
    std::optional<async::Completion<Answer>> waiter;
    {
        std::unique_lock lock(mutex_);
        const auto has_room = [this] { return abandoned_ || chunks_.size() < kWaitingMax; };
        bool free = true;
        if (deadline.is_never()) {
            free = room_.wait(lock, cancelled, has_room);
        } else {
            free = room_.wait_until(lock, cancelled, deadline.at(), has_room);
        }
        if (abandoned_ || cancelled.stop_requested()) return unavailable("the client went away");
        if (!free) return deadline_exceeded("the client did not take the result in time");
        waiter = std::move(waiter_);
        waiter_.reset();
        if (!waiter) {
            chunks_.push_back(std::move(chunk));
            return {};
        }
    }
    waiter->complete(std::optional(std::move(chunk)));
    return {};
}

void ChunkQueue::finish(std::string last, Result<void> outcome) {
    std::optional<async::Completion<Answer>> waiter;
    std::optional<Answer> answer;
    {
        const std::lock_guard lock(mutex_);
        if (outcome_) return;
        if (!last.empty()) chunks_.push_back(std::move(last));
        outcome_ = std::move(outcome);
        if (!waiter_) return;
        waiter = std::move(waiter_);
        waiter_.reset();
        answer = take_locked();
    }
    waiter->complete(std::move(*answer));
}

std::optional<ChunkQueue::Answer> ChunkQueue::take_locked() {
    if (!chunks_.empty()) {
        std::optional<std::string> chunk = std::move(chunks_.front());
        chunks_.pop_front();
        return Answer(std::move(chunk));
    }
    if (!outcome_) return std::nullopt;
    if (!*outcome_) return Answer(outcome_->error());
    return Answer(std::optional<std::string>{});
}

void ChunkQueue::give(async::Completion<Answer> waiter) {
    std::optional<Answer> answer;
    {
        const std::lock_guard lock(mutex_);
        answer = take_locked();
        if (!answer) {
            waiter_.emplace(std::move(waiter));
            return;
        }
    }
    room_.notify_one();
    waiter.complete(std::move(*answer));
}

async::Task<Result<std::optional<std::string>>> ChunkQueue::next() {
    auto start = [this](async::Completion<Answer> waiter) { give(std::move(waiter)); };
    co_return co_await async::wait_for<Answer>(std::move(start));
}

bool ChunkQueue::drained() const {
    const std::lock_guard lock(mutex_);
    return outcome_.has_value() && outcome_->has_value() && chunks_.empty();
}

void ChunkQueue::abandon() {
    std::optional<async::Completion<Answer>> waiter;
    {
        const std::lock_guard lock(mutex_);
        abandoned_ = true;
        chunks_.clear();
        waiter = std::move(waiter_);
        waiter_.reset();
    }
    room_.notify_all();
}

}  // namespace zs::http
