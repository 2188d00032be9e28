// Every status, for every method, as a table; and what becomes of requests without an answer.
#include "vapi/classify.hpp"

#include <array>
#include <gtest/gtest.h>
#include <map>

namespace vapisync::vapi {
namespace {

using http::Method;

const Secret key{"vapi-key-0123456789"};
constexpr std::array writes{Method::post, Method::patch, Method::put, Method::del};
constexpr std::array methods{Method::get, Method::post, Method::patch, Method::put, Method::del};
constexpr std::string_view json_body = R"({"message":"no","error":"x"})";

Error classify(int status, Method method, std::string_view body = json_body) {
  http::Response response;
  response.status = status;
  response.body = std::string(body);
  return classify_status(response, method, key);
}

/// The table, written apart from the code: JSON bodies.
Verdict expected(int status, Method method) {
  const bool write = method != Method::get;
  const std::map<int, Verdict> same_for_all{
      {401, Verdict::auth},  {402, Verdict::auth},  {403, Verdict::auth}, {404, Verdict::missing},
      {413, Verdict::retry}, {425, Verdict::retry}, {429, Verdict::retry}};
  if (const auto found = same_for_all.find(status); found != same_for_all.end()) {
    return found->second;
  }
  if (status == 408 || status >= 500 || status < 200) {
    return write ? Verdict::unknown : Verdict::retry;
  }
  if (status == 409) return method == Method::del ? Verdict::conflict : Verdict::reject;
  return status >= 400 ? Verdict::reject : Verdict::retry;
}

TEST(Classify, EveryStatusOfEveryMethodHasItsVerdict) {
  for (int status = 100; status < 600; ++status) {
    if (status >= 200 && status < 300) continue;
    for (const Method method : methods) {
      EXPECT_EQ(classify(status, method).verdict, expected(status, method))
          << http::to_string(method) << " " << status;
    }
  }
}

TEST(Classify, NothingThatMayHaveHappenedCountsAsNotDone) {
  for (const int status : {100, 408, 500, 502, 503, 504, 521, 522, 524, 599}) {
    for (const Method method : writes) {
      for (const auto* body : {"", "<html>", R"({"message":"x"})"}) {
        EXPECT_EQ(classify(status, method, body).verdict, Verdict::unknown)
            << http::to_string(method) << " " << status << " " << body;
      }
    }
  }
}

TEST(Classify, A403WithoutJsonComesFromTheProxyAndPasses) {
  for (const Method method : methods) {
    EXPECT_EQ(classify(403, method).verdict, Verdict::auth);
    EXPECT_EQ(classify(403, method, "").verdict, Verdict::retry);
    EXPECT_EQ(classify(403, method, "<html>error code: 1010</html>").verdict, Verdict::retry);
  }
}

TEST(Classify, TellsStatusMethodMessageAndField) {
  const Error error = classify(400, Method::post,
                               R"({"message":["name must be shorter than or equal to 40 )"
                               R"(characters","x must be y"],"error":"Bad Request"})");
  EXPECT_EQ(error.code, "http_400");
  EXPECT_EQ(error.status, 400);
  EXPECT_EQ(error.path, "name");
  EXPECT_EQ(error.message,
            "Vapi answered 400 to POST: name must be shorter than or equal to 40 characters; "
            "x must be y");
}

TEST(Classify, NeverRepeatsTheKey) {
  for (const auto* body : {R"({"message":"bad key vapi-key-0123456789"})",
                           "<html>Authorization: Bearer vapi-key-0123456789</html>"}) {
    const Error error = classify(401, Method::get, body);
    EXPECT_EQ(error.message.find("0123456789"), std::string::npos) << error.message;
    EXPECT_NE(error.message.find(redacted), std::string::npos) << error.message;
  }
}

long retry_after_ms(std::string value) {
  http::Response response;
  response.status = 429;
  response.headers.add("retry-after", std::move(value));
  return classify_status(response, Method::get, key).retry_after_ms;
}

TEST(Classify, RetryAfterIsReadInSecondsAndBounded) {
  EXPECT_EQ(retry_after_ms("20"), 20'000);
  EXPECT_EQ(retry_after_ms("0"), 0);
  EXPECT_EQ(retry_after_ms("3600"), 3'600'000);
  EXPECT_EQ(retry_after_ms("86400"), 3'600'000);
  EXPECT_EQ(retry_after_ms("99999999999999999999999"), 3'600'000);
}

TEST(Classify, ARetryAfterThatIsADateIsMeasuredByTheAnswersOwnClock) {
  http::Response response;
  response.status = 429;
  response.headers.add("Date", "Fri, 20 Nov 2026 23:59:50 GMT");
  response.headers.add("Retry-After", "Sat, 21 Nov 2026 00:00:20 GMT");
  EXPECT_EQ(classify_status(response, Method::get, key).retry_after_ms, 30'000);
}

TEST(Classify, ARetryAfterThatSaysNothingIsIgnored) {
  for (const auto* value : {"", "soon", "-5", "-99999999999999999999999", "1.5", "20 seconds",
                            "Wed, 21 Oct 2026 07:28:00 GMT"}) {
    EXPECT_EQ(retry_after_ms(value), 0) << value;
  }
  EXPECT_EQ(classify(429, Method::get).retry_after_ms, 0) << "no header";
}

TEST(Classify, ALostWriteIsUnknownOnlyOnceAByteWasSent) {
  for (const auto* code : {"connect_failed", "timeout", "connection_lost", "bad_answer"}) {
    for (const bool sent : {false, true}) {
      const http::TransportFailure failure{code, "api.test:443: it broke", sent};
      const Error write = classify_failure(failure, Effect::write);
      EXPECT_EQ(write.verdict, sent ? Verdict::unknown : Verdict::retry) << code;
      EXPECT_EQ(write.code, code);
      EXPECT_EQ(write.status, 0) << "no answer, so no status";
      EXPECT_NE(write.message.find("it broke"), std::string::npos);
      EXPECT_EQ(classify_failure(failure, Effect::read).verdict, Verdict::retry) << code;
    }
  }
}

TEST(Classify, AnUnreadableAnswerToAWriteIsUnknown) {
  http::Response response;
  response.status = 201;
  const Error error = unreadable_answer(response, Effect::write, "its body is cut");
  EXPECT_EQ(error.verdict, Verdict::unknown);
  EXPECT_EQ(error.status, 201);
  EXPECT_EQ(error.message, "Vapi answered 201, but its body is cut");
  EXPECT_EQ(unreadable_answer(response, Effect::read, "").verdict, Verdict::retry);
}

TEST(Classify, OnlyAGetIsARead) {
  EXPECT_EQ(effect_of(Method::get), Effect::read);
  for (const Method method : writes) EXPECT_EQ(effect_of(method), Effect::write);
}

}  // namespace
}  // namespace vapisync::vapi
