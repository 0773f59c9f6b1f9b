// The stock client of npm: starts a server, lists its tools, counts the lines of a file and runs a program that waits.
// Arguments: the file, and the server's command.
const { Client } = require('@modelcontextprotocol/sdk/client/index.js');
const { StdioClientTransport } = require('@modelcontextprotocol/sdk/client/stdio.js');

async function main([path, command, ...args]) {
    const client = new Client({ name: 'stock-client', version: '1.0' });
    await client.connect(new StdioClientTransport({ command, args }));
    const { tools } = await client.listTools();
    console.log(tools.map((tool) => tool.name).join(' '));
    const counted = await client.callTool({ name: 'count_lines', arguments: { path } });
    console.log(counted.content[0].text);
    const late = await client.callTool({ name: 'run', arguments: { command: ['sleep', '1000'], seconds: 0.3 } });
    console.log(late.isError, late.content[0].text.trim());
    await client.close();
}

main(process.argv.slice(2));
