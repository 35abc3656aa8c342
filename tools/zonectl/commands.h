#pragma once

#include "tools/zonectl/api_client.h"
#include "tools/zonectl/arguments.h"
#include "tools/zonectl/render.h"
#include "tools/zonectl/screen.h"

namespace holdfast::zonectl {

/// Does what the command line says; what it cannot do is explained on the screen.
Exit run(const Arguments& arguments, const Screen& screen);

/// The commands with more to them than one request.
Exit push(const Arguments& arguments, ApiClient& client, const Screen& screen);
Exit diff(const Arguments& arguments, ApiClient& client, const Screen& screen);
Exit rollback(const Arguments& arguments, ApiClient& client, const Screen& screen);
Exit explain(const Arguments& arguments, ApiClient& client, const Screen& screen);
Exit watch(const Arguments& arguments, ApiClient& client, const Screen& screen);
Exit check(const Arguments& arguments, const Screen& screen);

/// An answer's document, null where it is no JSON.
Json documentOf(const ApiResponse& response);
/// Whether an answer is a refusal, whatever its status code.
bool isRefusal(const Json& document);
/// Shows what became of a submission, or why nothing did.
Exit conclude(const Result<ApiResponse>& response, const Arguments& arguments, const Screen& screen);
/// Tells what went wrong where the server did not do what was asked, or no server answered.
Exit explainProblem(const ApiResponse& response, const Screen& screen);
Exit explainUnreachable(const Error& error, const Screen& screen);

}  // namespace holdfast::zonectl
