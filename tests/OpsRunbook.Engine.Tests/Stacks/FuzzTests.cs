using System.Text;
using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Engine.Tests.Stacks;

public sealed class FuzzTests
{
    private static readonly string[] Fragments =
        ["{", "}", "[", "]", ": ", ":", "- ", "\n", "\t", "  ", "&a ", "*a", "!!int ", "!x ", "|", ">", "\"", "'", "#", "---\n", "...\n", "? ", "%", "%YAML 9999999999.1\n", "%TAG ! x\n", "\0", "\u001b", "null", "~", "-1", "1e999", "99999999999999999999", "${env:", "<<: ", "@", "`", "\u2028", "\ud83d\ude00", "\\u", "\"\\x\"", "0x", ".nan"];

    /// <summary>Whatever happens to a valid file, it is read, or refused with a failure that names it.</summary>
    [Theory]
    [InlineData("npanel")]
    [InlineData("netopsai-gateway")]
    [InlineData("vendhub")]
    public async Task Broken_files_are_refused_and_nothing_else(string name)
    {
        var original = await File.ReadAllBytesAsync(Repository.File($"module/stacks/{name}.yaml"));
        var random = new Random(20260123);
        var refused = 0;
        for (var round = 0; round < 400; round++)
        {
            var content = Mutate(original, random);
            var document = StackLoader.Parse(content, "fuzz.yaml");
            refused += document.Problems.Count > 0 ? 1 : 0;
            Assert.All(document.Problems, problem => Assert.StartsWith("fuzz.yaml", problem.Error.Message, StringComparison.Ordinal));
            Assert.All(document.Problems, problem => Assert.StartsWith("Stack.", problem.Error.Id, StringComparison.Ordinal));
            if (document.Problems.Count == 0 && document.Warnings.Count == 0)
            {
                _ = StackWriter.Write(document.Stack);
            }
        }

        Assert.InRange(refused, 100, 400);
    }

    private static byte[] Mutate(byte[] original, Random random)
    {
        var content = original.ToList();
        for (var i = random.Next(1, 4); i > 0; i--)
        {
            var at = random.Next(content.Count);
            switch (random.Next(5))
            {
                case 0:
                    content[at] = (byte)random.Next(256);
                    break;
                case 1:
                    content.RemoveRange(at, Math.Min(random.Next(1, 40), content.Count - at));
                    break;
                case 2:
                    content.InsertRange(at, Encoding.UTF8.GetBytes(Fragments[random.Next(Fragments.Length)]));
                    break;
                case 3:
                    content.InsertRange(at, content.GetRange(random.Next(content.Count / 2), random.Next(1, 60)));
                    break;
                default:
                    content.RemoveRange(at, content.Count - at);
                    content.Add((byte)'\n');
                    break;
            }
        }

        return [.. content];
    }
}
