// Tools, by type, as they may stand inside an assistant's model. Parts that differ from tool to
// tool in depth (destinations, parameter schemas) are not looked into.
#include "sandbox/schema.hpp"

namespace vapisync::sandbox::schema {
namespace {

constexpr Field function_fields[] = {required(text("name", 64, 1)), flag("strict"),
                                     text("description", 1000), free_object("parameters")};
constexpr Shape function_shape{function_fields};
constexpr Field function = object("function", function_shape);

constexpr Field knowledge_base_fields[] = {
    required(text("name")), required(word("provider", words<"google">)), text("model"),
    required(text("description")), required(list(text("fileIds")))};
constexpr Shape knowledge_base_shape{knowledge_base_fields};

constexpr Field server_field = object("server", server);
constexpr Field extraction = free_object("variableExtractionPlan");

constexpr Field api_request[] = {
    text("name", 40, 1),
    required(word("method", words<"POST", "GET", "PUT", "PATCH", "DELETE">)),
    number("timeoutSeconds", 1, 300),
    text("credentialId"),
    list(text("encryptedPaths")),
    list(free_object("parameters")),
    text("description"),
    required(text("url")),
    free_object("body"),
    free_object("headers"),
    free_object("backoffPlan"),
    extraction,
    function};
constexpr Field bash[] = {required(word("subType", words<"bash_20241022">)),
                          required(word("name", words<"bash">)), server_field};
constexpr Field code[] = {required(text("code", 50000)),
                          flag("async"),
                          list(free_object("environmentVariables")),
                          number("timeoutSeconds", 1, 30),
                          text("credentialId"),
                          server_field,
                          extraction,
                          function};
constexpr Field computer[] = {required(word("subType", words<"computer_20241022">)),
                              required(word("name", words<"computer">)),
                              required(number("displayWidthPx")),
                              required(number("displayHeightPx")),
                              number("displayNumber"),
                              server_field};
constexpr Field dtmf[] = {flag("sipInfoDtmfEnabled"), function};
constexpr Field function_tool[] = {flag("async"), list(free_object("parameters")), server_field,
                                   extraction, function};
constexpr Field handoff[] = {text("defaultResult"), list(free_object("destinations")), function};
constexpr Field mcp[] = {list(free_object("toolMessages")), free_object("metadata"), server_field,
                         function};
// `function` on a query tool is in the guides, though not in the published schema.
constexpr Field query[] = {list(object("knowledgeBases", knowledge_base_shape)), function};
constexpr Field text_editor[] = {required(word("subType", words<"text_editor_20241022">)),
                                 required(word("name", words<"str_replace_editor">)), server_field};
constexpr Field transfer_call[] = {list(free_object("destinations")), function};
constexpr Field sip_request[] = {required(word("verb", words<"INFO", "MESSAGE", "NOTIFY">)),
                                 free_object("headers"), anything("body"), function};
constexpr Field voicemail[] = {flag("beepDetectionEnabled"), function};
constexpr Field plain[] = {function};

constexpr Variant types[] = {
    {"apiRequest", api_request},
    {"bash", bash},
    {"code", code},
    {"computer", computer},
    {"dtmf", dtmf},
    {"endCall", plain},
    {"function", function_tool},
    {"gohighlevel.calendar.availability.check", plain},
    {"gohighlevel.calendar.event.create", plain},
    {"gohighlevel.contact.create", plain},
    {"gohighlevel.contact.get", plain},
    {"google.calendar.availability.check", plain},
    {"google.calendar.event.create", plain},
    {"google.sheets.row.append", plain},
    {"handoff", handoff},
    {"mcp", mcp},
    {"query", query},
    {"slack.message.send", plain},
    {"sms", plain},
    {"textEditor", text_editor},
    {"transferCall", transfer_call},
    {"sipRequest", sip_request},
    {"voicemail", voicemail},
};

constexpr Field common[] = {list(free_object("messages")), free_object("rejectionPlan")};

}  // namespace

constexpr Shape tool{common, "type", types};

}  // namespace vapisync::sandbox::schema
