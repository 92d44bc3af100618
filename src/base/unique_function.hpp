#pragma once

#include <concepts>
#include <memory>
#include <type_traits>
#include <utility>

namespace zs {

// A callable that is owned once and may capture what cannot be copied. Stands in for C++23's
// std::move_only_function.
template <class Signature>
class UniqueFunction;

template <class R, class... Args>
class UniqueFunction<R(Args...)> {
public:
    UniqueFunction() = default;
    template <class F>
        requires(!std::same_as<std::remove_cvref_t<F>, UniqueFunction>)
    UniqueFunction(F&& callable)  // implicit, as std::function's is
        : callable_(std::make_unique<Holder<std::remove_cvref_t<F>>>(std::forward<F>(callable))) {}

    R operator()(Args... args) { return callable_->call(std::forward<Args>(args)...); }
    explicit operator bool() const { return callable_ != nullptr; }

private:
    struct Base {
        virtual ~Base() = default;
        virtual R call(Args... args) = 0;
    };
    template <class F>
    struct Holder final : Base {
        template <class G>
        explicit Holder(G&& callable) : callable_(std::forward<G>(callable)) {}
        R call(Args... args) override { return callable_(std::forward<Args>(args)...); }
        F callable_;
    };
    std::unique_ptr<Base> callable_;
};

}  // namespace zs
