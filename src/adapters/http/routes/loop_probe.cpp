#include "adapters/http/routes/loop_probe.hpp"

#include "async/completion.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

#include <memory>
#include <mutex>

namespace zs::http {
namespace asio = boost::asio;
namespace {

// One question to all loops; the last answer or the timer ends it, whichever comes first.
struct Question {
    Question(std::size_t loops, async::Completion<Result<bool>> completion)
        : missing(loops), done(std::move(completion)) {}

    void answer() {
        const std::lock_guard lock(mutex);
        if (missing > 0 && --missing == 0) done.complete(true);
    }
    void give_up() {
        const std::lock_guard lock(mutex);
        if (missing == 0) return;
        missing = 0;
        done.complete(false);
    }

    std::mutex mutex;
    std::size_t missing;
    async::Completion<Result<bool>> done;
};

}  // namespace

async::Task<bool> LoopProbe::all_answer() {
    auto timer =
        std::make_shared<asio::steady_timer>(co_await asio::this_coro::executor, patience_);
    auto ask = [this, timer](async::Completion<Result<bool>> done) {
        auto question = std::make_shared<Question>(io_.size(), std::move(done));
        timer->async_wait([question](const boost::system::error_code& error) {
            if (!error) question->give_up();
        });
        for (std::size_t i = 0; i < io_.size(); ++i) {
            asio::post(io_.executor(i), [question] { question->answer(); });
        }
    };
    auto answered = co_await async::wait_for<Result<bool>>(std::move(ask));
    timer->cancel();
    co_return answered&&* answered;
}

}  // namespace zs::http
