#include "config/database_url.hpp"

#include <gtest/gtest.h>

namespace vapisync::config {
namespace {

struct Case {
  const char* url;
  const char* shown;
};

TEST(DatabaseUrl, IsShownWithoutThePassword) {
  constexpr Case cases[] = {
      {"postgres://app:hunter2@db:5432/app", "postgres://app:[redacted]@db:5432/app"},
      {"postgresql://app:hunter2@db/app?sslmode=require",
       "postgresql://app:[redacted]@db/app?sslmode=require"},
      {"postgres://app@db/app", "postgres://app@db/app"},
      {"postgres://db:5432/app", "postgres://db:5432/app"},
      {"postgres:///app?host=/run/postgresql&port=1",
       "postgres:///app?host=/run/postgresql&port=1"},
      {"postgres://a:hunter2@h1:1,h2:2/app", "postgres://a:[redacted]@h1:1,h2:2/app"},
      {"postgres://db/app?password=hunter2&port=5", "postgres://db/app?password=[redacted]&port=5"},
      {"postgres://db/app?port=5&sslpassword=hunter2",
       "postgres://db/app?port=5&sslpassword=[redacted]"},
      {"postgres://db/app?pass%77ord=hunter2", "postgres://db/app?pass%77ord=[redacted]"},
      {"postgres://db/app?password=hunter2@x", "postgres://db/app?password=[redacted]"},
      {"postgres://app:hunter2?hunter2@db/app", "postgres://app:[redacted]@db/app"},
      {"host=db user=app password=hunter2 dbname=app",
       "user=app password=[redacted] dbname=app host=db"},
      {"password = 'hunter2 \\' hunter2' host=db", "password=[redacted] host=db"},
      {"host=db application_name='two words'", "host=db application_name='two words'"},
  };
  for (const auto& [url, shown] : cases) {
    EXPECT_TRUE(is_database_url(Secret(url))) << url;
    std::string text = redact_url(Secret(url));
    EXPECT_EQ(text.find("hunter2"), std::string::npos) << text;
    EXPECT_EQ(text, shown);
  }
}

// A raw slash or @ in a password is a mistake that libpq reads in its own way.
TEST(DatabaseUrl, AMistakenPasswordLeavesNoRestBehind) {
  for (const char* url :
       {"postgres://app:hunter2/hunter2@db/app", "postgres://app:1/hunter2@db/app",
        "postgres://app:x@hunter2@db/app", "postgres://a:x@b,hunter2@db/app"}) {
    EXPECT_EQ(redact_url(Secret(url)).find("hunter2"), std::string::npos) << url;
  }
}

TEST(DatabaseUrl, WhatLibpqCannotReadIsRefusedAndRedactedWhole) {
  for (const char* url : {"", "hunter2", "host=db password=hunter2 rest", "host=db pasword=hunter2",
                          "postgres://app:hunter2@db/app?nonsense=1", "mysql://app:hunter2@db/app",
                          "postgres://app:%zz@db/app"}) {
    EXPECT_FALSE(is_database_url(Secret(url))) << url;
    if (*url != '\0') EXPECT_EQ(redact_url(Secret(url)), redacted) << url;
  }
  EXPECT_FALSE(is_database_url(Secret(std::string("host=db\0x", 9))));
}

}  // namespace
}  // namespace vapisync::config
