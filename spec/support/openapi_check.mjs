// Holds exchanges against doc/openapi.yaml: openapi_check.mjs DOCUMENT, with one exchange a line of
// stdin, as JSON: { path (the template), method, status, headers (lower-case names), body, query,
// request (JSON text that was sent) }. Answers a line each:
// { response: key of the response that it was held against, problems: [text], request_valid: bool }
// Ends with code 1 and the errors when the document itself is none of OpenAPI 3.1.

import { readFileSync } from "node:fs";
import { Validator } from "@seriousme/openapi-schema-validator";
import Ajv from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { parse } from "yaml";

const document = parse(readFileSync(process.argv[2], "utf8"));

const verdict = await new Validator().validate(structuredClone(document));
if (!verdict.valid) {
  console.error(JSON.stringify(verdict.errors, null, 2));
  process.exit(1);
}

// The schemas of the document, wherever they are used from.
function absolute(schema) {
  return JSON.parse(JSON.stringify(schema).replaceAll("#/components/schemas/", "document#/$defs/"));
}

// Headers and parameters are text that stands for values, JSON bodies are values: only the former
// may turn "1" into 1.
function compiler(coerceTypes) {
  const ajv = new Ajv.default({ coerceTypes, allErrors: true, strictTypes: false });
  addFormats.default(ajv);
  return ajv.addSchema(absolute({ $id: "document", $defs: document.components.schemas }));
}
const bodies = compiler(false);
const texts = compiler(true);

// References to schemas stay references, for ajv; those to whole objects are followed here.
function follow(object) {
  if (object?.$ref === undefined) return object;
  return object.$ref.split("/").slice(1).reduce((at, name) => at[name], document);
}


function problemsOf(ajv, schema, value, where) {
  const validate = ajv.compile(absolute(schema));
  if (validate(value)) return [];
  return validate.errors.map((error) => `${where}${error.instancePath} ${error.message}`);
}

// ajv can only turn what is a member of something into another type.
const textProblems = (schema, text, where) =>
  problemsOf(texts, { type: "object", properties: { text: schema } }, { text }, where);

function headerProblems(response, headers) {
  return Object.entries(response.headers ?? {}).flatMap(([name, reference]) => {
    const header = follow(reference);
    const text = headers[name.toLowerCase()];
    if (text !== undefined) return textProblems(header.schema, text, name);
    return header.required ? [`${name} is missing`] : [];
  });
}

function jsonProblems(schema, text, where) {
  let value;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return [`${where} ${error.message}`];
  }
  return problemsOf(bodies, schema, value, where);
}

function bodyProblems(response, headers, body) {
  if (response.content === undefined) return body === "" ? [] : ["the body is not documented"];
  const media = response.content[headers["content-type"]];
  if (media === undefined) return [`Content-Type ${headers["content-type"]} is not documented`];
  return jsonProblems(media.schema, body, "body");
}

function responseProblems(response, { status, headers, body }) {
  const problems = [...headerProblems(response, headers), ...bodyProblems(response, headers, body)];
  if (status >= 400 && problems.length === 0 && JSON.parse(body).status !== status)
    problems.push(`the body does not say ${status}`);
  return problems;
}

function requestProblems(operation, { query = {}, request }) {
  const parameters = (operation.parameters ?? []).map(follow).filter(({ name }) => name in query);
  const problems = parameters.flatMap(({ name, schema }) => textProblems(schema, query[name], name));
  const schema = operation.requestBody?.content["application/json"]?.schema;
  if (schema !== undefined && request !== undefined)
    problems.push(...jsonProblems(schema, request, "request"));
  return problems;
}

function check(exchange) {
  const operation = document.paths[exchange.path]?.[exchange.method.toLowerCase()];
  if (operation === undefined) return { problems: ["the operation is not documented"] };
  const key = operation.responses[exchange.status] ? String(exchange.status) : "default";
  const response = follow(operation.responses[key]);
  return {
    response: key,
    problems: response ? responseProblems(response, exchange) : ["the status is not documented"],
    request_valid: requestProblems(operation, exchange).length === 0,
  };
}

for (const line of readFileSync(0, "utf8").split("\n").filter((line) => line !== ""))
  console.log(JSON.stringify(check(JSON.parse(line))));
