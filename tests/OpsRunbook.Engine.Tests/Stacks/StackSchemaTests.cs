using System.Diagnostics;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Engine.Tests.Stacks;

public sealed class StackSchemaTests
{
    private const string SchemaFile = "module/opsrunbook.schema.json";

    /// <summary>Set <c>OPSRUNBOOK_UPDATE_SCHEMA=1</c> to write the file after a change of the model.</summary>
    [Fact]
    public void The_committed_schema_is_that_of_the_model()
    {
        var schema = Generate();
        if (Environment.GetEnvironmentVariable("OPSRUNBOOK_UPDATE_SCHEMA") == "1")
        {
            File.WriteAllText(Repository.File(SchemaFile), schema);
        }

        Assert.Equal(schema, File.ReadAllText(Repository.File(SchemaFile)));
    }

    [Fact]
    public void Every_key_is_described()
    {
        var missing = new List<string>();
        Visit(JsonNode.Parse(Generate())!.AsObject(), string.Empty);
        Assert.Empty(missing);

        void Visit(JsonObject node, string path)
        {
            foreach (var (key, value) in node)
            {
                if (key == "properties")
                {
                    missing.AddRange(value!.AsObject().Where(property => property.Value!["description"] is null).Select(property => $"{path}.{property.Key}"));
                }

                if (value is JsonObject child)
                {
                    Visit(child, $"{path}.{key}");
                }
            }
        }
    }

    /// <summary>Judged by ajv, which knows nothing of this code.</summary>
    [SkippableFact]
    public void An_independent_validator_agrees_with_the_loader()
    {
        var ajv = Ajv();
        var documents = new List<(string Name, string Text)>();
        foreach (var file in Directory.GetFiles(Repository.File("module/stacks"), "*.yaml"))
        {
            documents.Add((Path.GetFileName(file), File.ReadAllText(file)));
        }

        documents.AddRange(BadInputTests.Files.Select((row, i) => ($"{i} {row[1]} {row[3]}", (string)row[0])));
        var input = new JsonArray();
        var loader = new List<bool>();
        var names = new List<string>();
        foreach (var (name, text) in documents)
        {
            var problems = new ConfigProblems(name);
            try
            {
                if (ConfigReader.Read(Encoding.UTF8.GetBytes(text), problems) is not { } root || problems.All.Any())
                {
                    continue;
                }

                input.Add(ToJson(root));
            }
            catch (OpsException)
            {
                continue;
            }

            names.Add(name);
            loader.Add(StackLoader.Parse(Encoding.UTF8.GetBytes(text), name).Problems.Count == 0);
        }

        var verdicts = Validate(ajv, input);

        for (var i = 0; i < verdicts.Length; i++)
        {
            // Some rules are beyond a schema: names that must exist, circles, limits against each other, texts.
            var beyond = new[] { "Reference", "HostUnknown", "Cycle", "Inverted", "NameDuplicate", "NameInvalid", "SecretInvalid", "hosts.a", "certificates.c", "services.api.health ", "health.url", "health.tcp", "health.status", "health.body.status", "tls", "freeze", "rotation", "above" };
            if (loader[i] || !beyond.Any(text => (names[i] + " ").Contains(text, StringComparison.Ordinal)))
            {
                Assert.True(loader[i] == verdicts[i].Valid, $"{names[i]}: the loader says {loader[i]}, the schema says {verdicts[i].Valid} {verdicts[i].Errors}");
            }
        }

        Assert.True(verdicts.Count(verdict => !verdict.Valid) > 20);
    }

    private static string Generate()
    {
        using var documentation = File.OpenRead(Path.ChangeExtension(typeof(OpsStack).Assembly.Location, ".xml"));
        return StackSchema.Generate(documentation);
    }

    /// <summary>As the core schema of YAML 1.2 reads it.</summary>
    private static JsonNode? ToJson(ConfigNode node)
    {
        if (node.Entries is not null)
        {
            return new JsonObject(node.Entries.Select(entry => KeyValuePair.Create(entry.Key.Text!, ToJson(entry.Value))));
        }

        if (node.Items is not null)
        {
            return new JsonArray([.. node.Items.Select(ToJson)]);
        }

        return node.IsNull ? null
            : node.IsPlain && node.Text is "true" or "false" ? JsonValue.Create(node.Text == "true")
            : node.IsPlain && double.TryParse(node.Text, System.Globalization.NumberStyles.Float, System.Globalization.CultureInfo.InvariantCulture, out var number) ? JsonValue.Create(number)
            : JsonValue.Create(node.Text);
    }

    private static (bool Valid, string Errors)[] Validate(string ajv, JsonArray documents)
    {
        const string script = "const Ajv=require(process.argv[1]);const {schema,documents}=JSON.parse(require('fs').readFileSync(0,'utf8'));"
            + "const v=new Ajv({allowUnionTypes:true,strict:true,allErrors:true}).compile(schema);"
            + "console.log(JSON.stringify(documents.map(d=>[v(d),JSON.stringify(v.errors)])))";
        var start = new ProcessStartInfo("node") { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true, ArgumentList = { "-e", script, ajv } };
        using var node = Process.Start(start)!;
        node.StandardInput.Write(new JsonObject { ["schema"] = JsonNode.Parse(File.ReadAllText(Repository.File(SchemaFile))), ["documents"] = documents }.ToJsonString());
        node.StandardInput.Close();
        var answer = node.StandardOutput.ReadToEnd();
        node.WaitForExit();
        Assert.Equal(0, node.ExitCode);
        return [.. JsonDocument.Parse(answer).RootElement.EnumerateArray().Select(pair => (pair[0].GetBoolean(), pair[1].ToString()))];
    }

    /// <summary>Folder of ajv, installed once into the user's cache.</summary>
    private static string Ajv()
    {
        var folder = Path.Combine(Path.GetTempPath(), "opsrunbook-test-ajv-8");
        var module = Path.Combine(folder, "node_modules", "ajv");
        if (!Directory.Exists(module))
        {
            try
            {
                using var npm = Process.Start(new ProcessStartInfo("npm") { ArgumentList = { "install", "--no-audit", "--no-fund", "--silent", "--prefix", folder, "ajv@8" } })!;
                npm.WaitForExit();
            }
            catch (System.ComponentModel.Win32Exception)
            {
                Skip.If(true, "npm is not installed.");
            }
        }

        Skip.IfNot(Directory.Exists(module), "ajv cannot be installed from npm here.");
        return module;
    }
}
