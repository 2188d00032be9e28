#pragma once
// What our HTTP client and server exchange with the rest of the program: no Beast types here.
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace vapisync::http {

enum class Method { get, post, patch, put, del };
std::string_view to_string(Method method);

/// Names compare without case.
class Headers {
 public:
  void add(std::string name, std::string value) {
    items_.emplace_back(std::move(name), std::move(value));
  }
  [[nodiscard]] std::string_view find(std::string_view name) const;  ///< empty if absent
  [[nodiscard]] const auto& items() const { return items_; }

 private:
  std::vector<std::pair<std::string, std::string>> items_;
};

}  // namespace vapisync::http
