// The ways to values, as rows of the database and kinds name them.
#include "core/place.hpp"

#include <gtest/gtest.h>

namespace vapisync::core {
namespace {

const Place document;
const Place model{&document, "model"};
const Place tools{&model, "tools"};
const Place item{&tools, {}, 2};
const Place name{&item, "name"};

TEST(Place, IsWrittenAsTheWayFromTheDocument) {
  EXPECT_EQ(to_path(document), "");
  EXPECT_EQ(to_path(model), "model");
  EXPECT_EQ(to_path(item), "model.tools[2]");
  EXPECT_EQ(to_path(name), "model.tools[2].name");
}

TEST(Place, IsAtItsOwnPathAndNoOther) {
  EXPECT_TRUE(is_at(document, ""));
  EXPECT_TRUE(is_at(model, "model"));
  EXPECT_TRUE(is_at(tools, "model.tools"));
  for (const auto* other : {"", "tools", "el.tools", "model", "model.tool", "a.model.tools"}) {
    EXPECT_FALSE(is_at(tools, other)) << other;
  }
}

TEST(Place, NoPathOfKeysLeadsToAnItem) {
  EXPECT_FALSE(is_at(item, "model.tools"));
  EXPECT_FALSE(is_at(name, "model.tools.name"));
}

}  // namespace
}  // namespace vapisync::core
