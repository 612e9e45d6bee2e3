// Reads an OpenAPI 3.1 document: references, operations, types, and a curl command
// for each operation. Nothing here touches the page.

const methods = ['get', 'post', 'put', 'patch', 'delete'];

export class Description {
  // newest is the id of an existing task, for the examples.
  constructor(document, {origin, secured, newest}) {
    Object.assign(this, {document, origin, secured, newest});
  }

  // deref follows a value that is a reference.
  deref(value) {
    if (!value?.$ref) return value;
    return value.$ref.slice(2).split('/').reduce((at, name) => at[name.replaceAll('~1', '/').replaceAll('~0', '~')], this.document);
  }

  // groups are the operations by resource, tasks first.
  groups() {
    const groups = new Map([['tasks', []], ['events', []], ['system', []]]);
    for (const path of Object.keys(this.document.paths).sort()) {
      const name = path.split('/')[1];
      const group = groups.get(name) ?? groups.get('system');
      for (const method of methods) {
        const operation = this.document.paths[path][method];
        if (operation) group.push({...operation, method, path});
      }
    }
    return groups;
  }

  parameters(operation) {
    return (operation.parameters ?? []).map((p) => this.deref(p));
  }

  // responses are ordered by status, the default last.
  responses(operation) {
    return Object.entries(operation.responses).map(([status, r]) => ({status, ...this.deref(r)}));
  }

  // media is the first media type of a body: {type, schema, example}.
  media(body) {
    const [type, media] = Object.entries(this.deref(body)?.content ?? {})[0] ?? [];
    if (!type) return undefined;
    const example = media.example ?? Object.values(media.examples ?? {})[0]?.value;
    return {type, schema: media.schema, example};
  }

  // typeOf describes a schema's type briefly: {text, ref, array}.
  typeOf(schema) {
    if (!schema) return {text: ''};
    if (schema.$ref) return {text: schema.$ref.split('/').pop(), ref: true};
    const types = [schema.type ?? []].flat().filter((type) => type !== 'null');
    if (types[0] === 'array') return {...this.typeOf(schema.items), array: true};
    if (schema.enum) return {text: schema.enum.map((value) => JSON.stringify(value)).join(' | ')};
    return {text: [types.join(' | '), schema.format && `(${schema.format})`].filter(Boolean).join(' ')};
  }

  // limits are the bounds of a value as text.
  limits(schema) {
    const bounds = [];
    if (schema.minLength !== undefined || schema.maxLength !== undefined) bounds.push(`${schema.minLength ?? 0}–${schema.maxLength ?? '∞'}`);
    if (schema.minimum !== undefined && schema.maximum !== undefined) bounds.push(`${schema.minimum}–${schema.maximum}`);
    if (schema.default !== undefined) bounds.push(`= ${JSON.stringify(schema.default)}`);
    return bounds.join(' ');
  }

  // command is a curl command for an operation, with its limit parameter and the
  // newest task's id where it needs one.
  command({method, path, parameters, requestBody}) {
    const wanted = this.parameters({parameters}).filter((p) => p.in === 'query' && p.name === 'limit');
    const query = wanted.map((p) => `${p.name}=${encodeURIComponent(p.example)}`).join('&');
    const address = this.origin + path.replace('{id}', this.newest ?? '{id}') + (query && `?${query}`);
    const lines = [`curl ${method === 'get' ? '' : `-i -X ${method.toUpperCase()} `}${quote(address)}`];
    if (this.secured) lines.push('-H "Authorization: Bearer $TASKCTL_AUTH_TOKEN"');
    const body = requestBody && this.media(requestBody);
    if (body) lines.push(`-H ${quote(`Content-Type: ${body.type}`)}`, `-d ${quote(JSON.stringify(body.example))}`);
    return lines.join(' \\\n  ');
  }
}

// quote makes a text one word of a POSIX shell.
function quote(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
