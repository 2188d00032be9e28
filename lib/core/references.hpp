#pragma once
// References between resources: `{"$ref": "KIND/KEY"}` in a document stands for the Vapi id of
// another resource of the same org. Pure.
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"

namespace vapisync::core {

struct Reference {
  std::string path;  ///< where it stands: `model.toolIds[0]`
  std::string name;  ///< what it names: `tool/kb`
};

std::vector<Reference> find_references(const json::Value& document);

/// Puts ids in the place of references. One for which there is none stays as it is.
using IdOf = std::function<std::string_view(std::string_view name)>;
void resolve(json::Document& document, const IdOf& id_of);

/// Where a document names a Vapi object by its bare id, if it does. In an account that several orgs
/// share that could be anybody's.
std::optional<std::string> find_bare_id(const json::Value& document);

}  // namespace vapisync::core
