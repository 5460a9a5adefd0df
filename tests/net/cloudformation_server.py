#!/usr/bin/env python3
"""CloudFormation, and of Lambda what tells of versions, for tests: signatures are computed anew,
stacks live in memory, and a change goes a step further with each question about the stack. Faults
strike as they are told to.

POST / with a form (CreateStack, UpdateStack, DeleteStack, DescribeStacks, DescribeStackEvents,
GetTemplate); /2015-03-31/functions/NAME/versions. GET /_stats counts, POST /_reset begins anew.
"""
import argparse
import base64
import json
import os
import re
import time
import uuid
from urllib.parse import parse_qsl, unquote
from xml.sax.saxutils import escape

import s3_sign
import wire
from s3_sign import Refused
from wire import Reply

NAMESPACE = 'xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"'
ACCOUNT = "123456789012"
CHANGES = ("CreateStack", "UpdateStack", "DeleteStack")
VERSIONS = re.compile(r"/2015-03-31/functions/([^/]+)/versions")
RESOURCES = (("WorkerLog", "AWS::Logs::LogGroup"), ("ExecutionRole", "AWS::IAM::Role"),
             ("ProcessFunction", "AWS::Lambda::Function"))


def xml(status, name, inner):
    return Reply(status, f"<{name} {NAMESPACE}>{inner}</{name}>".encode(),
                 [("Content-Type", "text/xml")])


def error(status, code, message):
    return xml(status, "ErrorResponse", f"<Error><Type>Sender</Type><Code>{code}</Code>"
               f"<Message>{escape(message)}</Message></Error><RequestId>test</RequestId>")


def answer(action, inner=""):
    return xml(200, f"{action}Response", f"<{action}Result>{inner}</{action}Result>"
               "<ResponseMetadata><RequestId>test</RequestId></ResponseMetadata>")


def elements(**values):
    return "".join(f"<{name}>{escape(str(value))}</{name}>" for name, value in values.items()
                   if value is not None)


def members(pairs, kind):
    """Parameters or outputs."""
    inner = "".join("<member>" + elements(**{kind + "Key": k, kind + "Value": v}) + "</member>"
                    for k, v in pairs.items())
    return f"<{kind}s>{inner}</{kind}s>"


class Stack:
    """`todo`: states and events to come, a step each."""

    def __init__(self, name, region):
        self.name, self.params, self.template = name, {}, ""
        self.id = f"arn:aws:cloudformation:{region}:{ACCOUNT}:stack/{name}/{uuid.uuid4()}"
        self.status, self.reason = "", None
        self.events, self.todo, self.token, self.outputs = [], [], None, {}

    def event(self, resource, kind, status, reason=None):
        self.events.insert(0, "<member>" + elements(
            EventId=f"{resource}-{uuid.uuid4()}", StackName=self.name, StackId=self.id,
            LogicalResourceId=resource, ResourceType=kind, ResourceStatus=status,
            ResourceStatusReason=reason, Timestamp="2026-11-27T12:00:00.000Z") + "</member>")
        if resource == self.name:
            self.status, self.reason = status, reason

    def whole(self, status, reason=None):
        return (self.name, "AWS::CloudFormation::Stack", status, reason)

    def step(self):
        if self.todo:
            self.event(*self.todo.pop(0))

    def described(self):
        times = elements(CreationTime="2026-11-27T12:00:00.000Z",
                         LastUpdatedTime="2026-11-27T13:00:00.000Z")
        outputs = members(self.outputs, "Output") if self.status.endswith("_COMPLETE") else ""
        return "<member>" + elements(StackId=self.id, StackName=self.name,
                                     StackStatus=self.status, StackStatusReason=self.reason) + \
            times + members(self.params, "Parameter") + outputs + "</member>"


def declarations(template):
    """Names of a template's parameters, and the defaults of those that have one."""
    names, defaults = [], {}
    for line in template.partition("\nParameters:\n")[2].partition("\nRules:\n")[0].splitlines():
        if re.fullmatch(r"  \w+:", line):
            names.append(line.strip(" :"))
        elif line.startswith("    Default: "):
            defaults[names[-1]] = line.partition(": ")[2].strip('"')
    return names, defaults


class Formation:
    def __init__(self, args):
        self.args = args
        self.keys = s3_sign.Keys(args.keys)
        self.stacks, self.gone = {}, []
        self.throttled, self.lost, self.conflicts = {}, set(), args.conflicts
        self.versions = {}  # of functions: name -> list of JSON objects
        self.stats = wire.Stats(actions=[], forms=[])

    # ---- requests ----

    def handle(self, request):
        try:
            return self.dispatch(request)
        except Refused as refused:
            code = {"InvalidAccessKeyId": "InvalidClientTokenId"}.get(refused.code, refused.code)
            return error(refused.status, code, refused.message)

    def check_region(self, region):
        if region != self.args.region:
            raise s3_sign.malformed(f"the region '{region}' is wrong")

    def dispatch(self, request):
        service = "cloudformation" if request.path == "/" else "lambda"
        s3_sign.verify(request, self.keys, service, self.check_region, time.time())
        versions = VERSIONS.fullmatch(request.path)
        if versions:
            return self.function_versions(request, unquote(versions[1]))
        form = dict(parse_qsl(request.body.decode(), keep_blank_values=True))
        action = form.get("Action", "")
        self.stats.note("actions", action)
        if form.get("Version") != "2010-05-15":
            return error(400, "InvalidAction", f"Could not find operation {action}")
        if action in self.args.deny:
            return error(403, "AccessDenied", f"User: arn:aws:iam::{ACCOUNT}:user/tester is not "
                         f"authorized to perform: cloudformation:{action}")
        if self.throttled.get(action, 0) < self.args.throttle:
            self.throttled[action] = self.throttled.get(action, 0) + 1
            return error(400, "Throttling", "Rate exceeded")
        if self.args.hostile and action == self.args.hostile[0]:
            with open(self.args.hostile[1], "rb") as file:
                return Reply(200, file.read(), [("Content-Type", "text/xml")])
        return self.act(action, form)

    def act(self, action, form):
        done = getattr(self, "do_" + action, None)
        if done is None:
            return error(400, "InvalidAction", f"Could not find operation {action}")
        if action in CHANGES:
            self.stats.note("forms", form)
        reply = done(form)
        if action in self.args.lose and action not in self.lost:
            self.lost.add(action)
            return Reply(200, act=lambda connection, _request, _reply: connection.reset())
        return reply

    # ---- stacks ----

    def find(self, name):
        """By name, or also one that is gone by its id."""
        if name in self.stacks:
            return self.stacks[name]
        for stack in [*self.stacks.values(), *self.gone]:
            if stack.id == name:
                return stack
        return None

    @staticmethod
    def unknown(name):
        return error(400, "ValidationError", f"Stack with id {name} does not exist")

    def do_DescribeStacks(self, form):
        stack = self.find(form["StackName"])
        if stack is None:
            return self.unknown(form["StackName"])
        if not self.args.stuck:
            stack.step()
        if stack.status == "DELETE_COMPLETE" and self.stacks.pop(stack.name, None):
            self.gone.append(stack)
            self.versions.pop(stack.params.get("FunctionName", ""), None)
        return answer("DescribeStacks", f"<Stacks>{stack.described()}</Stacks>")

    def do_DescribeStackEvents(self, form):
        stack = self.find(form["StackName"])
        if stack is None:
            return self.unknown(form["StackName"])
        begin = int(form.get("NextToken", "0"))
        end = begin + self.args.page_size
        token = elements(NextToken=end if end < len(stack.events) else None)
        return answer("DescribeStackEvents", token + "<StackEvents>" +
                      "".join(stack.events[begin:end]) + "</StackEvents>")

    def do_GetTemplate(self, form):
        stack = self.find(form["StackName"])
        if stack is None:
            return self.unknown(form["StackName"])
        return answer("GetTemplate", elements(TemplateBody=stack.template))

    # ---- changes ----

    def read_change(self, form, old):
        """Template and parameters of a form; an error where they do not fit."""
        template = form.get("TemplateBody", "")
        if form.get("UsePreviousTemplate") == "true" and old:
            template = old.template
        if not 0 < len(template) <= 51200:
            return None, error(400, "ValidationError", "1 validation error detected: templateBody")
        declared, params = declarations(template)
        if "AWS::IAM::Role" in template and \
                form.get("Capabilities.member.1") != "CAPABILITY_IAM":
            return None, error(400, "InsufficientCapabilitiesException",
                               "Requires capabilities : [CAPABILITY_IAM]")
        for n in range(1, 100):
            key = form.get(f"Parameters.member.{n}.ParameterKey")
            if key is None:
                break
            if key not in declared:
                return None, error(400, "ValidationError",
                                   f"Parameters: [{key}] do not exist in the template")
            if form.get(f"Parameters.member.{n}.UsePreviousValue") == "true":
                if not old or key not in old.params:
                    return None, error(400, "ValidationError", f"Invalid input for parameter key "
                                       f"{key}. Cannot specify usePreviousValue as true for a "
                                       "parameter key not in the previous template")
                params[key] = old.params[key]
            else:
                params[key] = form[f"Parameters.member.{n}.ParameterValue"]
        missing = [name for name in declared if name not in params]
        if missing:
            return None, error(400, "ValidationError",
                               f"Parameters: [{', '.join(missing)}] must have values")
        return (template, params), None

    def begin(self, stack, verb, end, undone):
        """Steps of a change, which ends as it is told to."""
        stack.event(*stack.whole(f"{verb}_IN_PROGRESS", "User Initiated"))
        if self.args.fail and f"{verb.capitalize()}Stack" in (self.args.fail_action or CHANGES):
            resource, _, reason = self.args.fail.partition(":")
            kind = dict(RESOURCES).get(resource, "AWS::Lambda::Function")
            stack.todo = [("WorkerLog", "AWS::Logs::LogGroup", f"{verb}_IN_PROGRESS"),
                          (resource, kind, f"{verb}_FAILED", reason),
                          ("WorkerLog", "AWS::Logs::LogGroup", f"{verb}_FAILED",
                           f"Resource {verb.lower()} cancelled"), *map(lambda s: stack.whole(*s),
                                                                       undone)]
        else:
            stack.todo = [(name, kind, f"{verb}_{state}") for name, kind in RESOURCES
                          for state in ("IN_PROGRESS", "COMPLETE")] + [stack.whole(end)]

    def do_CreateStack(self, form):
        name = form["StackName"]
        old = self.stacks.get(name)
        if old is not None:
            if old.token == form.get("ClientRequestToken"):
                return answer("CreateStack", elements(StackId=old.id))
            return error(400, "AlreadyExistsException", f"Stack [{name}] already exists")
        change, wrong = self.read_change(form, None)
        if wrong:
            return wrong
        stack = self.stacks[name] = Stack(name, self.args.region)
        stack.template, stack.params = change
        stack.token = form.get("ClientRequestToken")
        self.settle(stack)
        # Only OnFailure DELETE takes it away again.
        last = "DELETE_COMPLETE" if form.get("OnFailure") == "DELETE" else "ROLLBACK_COMPLETE"
        self.begin(stack, "CREATE", "CREATE_COMPLETE",
                   [("DELETE_IN_PROGRESS", "The following resource(s) failed to create"), (last,)])
        return answer("CreateStack", elements(StackId=stack.id))

    def do_UpdateStack(self, form):
        stack = self.find(form["StackName"])
        if stack is None:
            return self.unknown(form["StackName"])
        if stack.token == form.get("ClientRequestToken"):
            return answer("UpdateStack", elements(StackId=stack.id))
        if stack.status.endswith("_IN_PROGRESS"):
            return error(400, "ValidationError", f"Stack:{stack.id} is in {stack.status} state "
                         "and can not be updated.")
        change, wrong = self.read_change(form, stack)
        if wrong:
            return wrong
        if change == (stack.template, stack.params):
            return error(400, "ValidationError", "No updates are to be performed.")
        stack.token = form.get("ClientRequestToken")
        if not self.args.fail:
            stack.template, stack.params = change
            self.settle(stack)
        self.begin(stack, "UPDATE", "UPDATE_COMPLETE",
                   [("UPDATE_ROLLBACK_IN_PROGRESS", "The following resource(s) failed to update"),
                    ("UPDATE_ROLLBACK_COMPLETE",)])
        return answer("UpdateStack", elements(StackId=stack.id))

    def do_DeleteStack(self, form):
        stack = self.find(form["StackName"])
        if stack is not None:
            self.begin(stack, "DELETE", "DELETE_COMPLETE", [("DELETE_FAILED", "not deleted")])
        return answer("DeleteStack")

    def settle(self, stack):
        name = stack.params["FunctionName"]
        arn = f"arn:aws:lambda:{self.args.region}:{ACCOUNT}:function:{name}"
        stack.outputs = {"FunctionName": name, "FunctionArn": arn,
                         "RoleArn": stack.params["ExecutionRoleArn"] or
                         f"arn:aws:iam::{ACCOUNT}:role/{stack.name}-ExecutionRole-TEST",
                         "LogGroup": f"/zagg/{stack.name}"}
        if stack.params["OutputBucketName"]:
            stack.outputs["OutputBucket"] = stack.params["OutputBucketName"]
        digest = bytes.fromhex(os.path.basename(stack.params["FunctionS3Key"])[:64])
        digest = bytes(32) if self.args.other_code else digest
        latest = {"Version": "$LATEST", "Description": "zagg worker",
                  "CodeSha256": base64.b64encode(digest).decode(),
                  "LastModified": "2026-11-27T12:00:00.000+0000"}
        self.versions.setdefault(name, [latest])[0] = latest

    # ---- Lambda ----

    def function_versions(self, request, name):
        known = self.versions.get(name)
        if known is None:
            return self.lambda_error(404, "ResourceNotFoundException",
                                     f"Function not found: {name}")
        if request.method == "GET":
            query = dict(s3_sign.split_query(request.query))
            begin = int(query.get("Marker") or 0)
            end = begin + min(int(query["MaxItems"]), self.args.page_size)
            body = {"Versions": known[begin:end]}
            if end < len(known):
                body["NextMarker"] = str(end)
            return wire.json_reply(body)
        if self.conflicts > 0:
            self.conflicts -= 1
            return self.lambda_error(409, "ResourceConflictException", "The operation cannot be "
                                     "performed at this time. An update is in progress")
        asked = json.loads(request.body)
        if asked.get("CodeSha256") != known[0]["CodeSha256"]:
            return self.lambda_error(400, "InvalidParameterValueException",
                                     "CodeSHA256 is different from current CodeSHA256 in $LATEST")
        if len(known) == 1 or known[-1]["CodeSha256"] != known[0]["CodeSha256"]:
            known.append({**known[0], "Version": str(len(known)),
                          "Description": asked["Description"]})
        return wire.json_reply(known[-1], 201)

    @staticmethod
    def lambda_error(status, kind, message):
        return Reply(status, json.dumps({"Type": "User", "Message": message}).encode(),
                     [("Content-Type", "application/json"), ("x-amzn-ErrorType", kind)])


# ---- the program ----


class AddKey(argparse.Action):
    def __call__(self, parser, args, values, option=None):
        args.keys.append(s3_sign.Key(values[0], values[1], *values[2:3]))


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--key", nargs="+", action=AddKey, metavar="ACCESS SECRET [TOKEN]", help="a signer")
    add("--region", default="us-west-2")
    add("--page-size", type=int, default=4, help="events and versions of an answer")
    add("--throttle", type=int, default=0, metavar="N", help="of each action the first N calls")
    add("--deny", action="append", default=[], metavar="ACTION")
    add("--lose", action="append", default=[], metavar="ACTION",
        help="is done, but the answer to its first call is lost")
    add("--fail", metavar="RESOURCE:REASON", help="changes fail there")
    add("--fail-action", action="append", metavar="ACTION", help="only these (default: all)")
    add("--other-code", action="store_true",
        help="what the function gets is not what was put into the bucket")
    add("--stuck", action="store_true", help="changes never end")
    add("--conflicts", type=int, default=0, metavar="N",
        help="so often the function is too busy to publish a version")
    add("--hostile", nargs=2, metavar=("ACTION", "FILE"), help="what is answered to it")
    add("--log", action="store_true", help="requests on stderr")
    parser.set_defaults(keys=[])
    return parser.parse_args()


def main():
    service = Formation(parse_arguments())
    wire.run(wire.Server(service.handle, service.stats, log=service.args.log))


if __name__ == "__main__":
    main()
