using System.Text;
using OpsRunbook.ConsoleRunner.Binding;

namespace OpsRunbook.ConsoleRunner.Help;

/// <summary>Help as text for a terminal.</summary>
/// <param name="output">Takes the text.</param>
/// <param name="width">Cells of a line.</param>
/// <param name="folder">Folder of the command pages.</param>
internal sealed class HelpText(TextWriter output, int width, string folder)
{
    private const string Suffix = ".md";

    /// <summary>Lists the commands.</summary>
    /// <param name="names">Their names.</param>
    public void WriteOverview(IReadOnlyList<string> names)
    {
        output.WriteLine("opsrunbook runs one command of the OpsRunbook module, without PowerShell.");
        output.WriteLine();
        var column = names.Count == 0 ? 0 : names.Max(name => name.Length);
        foreach (var name in names)
        {
            WriteItem(name.PadRight(column), CommandPage.Plain(Read(name)?.Synopsis.ReplaceLineEndings(" ") ?? string.Empty), column + 2);
        }

        output.WriteLine();
        output.WriteLine("opsrunbook NAME -Parameter value,value -Switch    run a command");
        output.WriteLine("opsrunbook help NAME                              its parameters and examples");
        output.WriteLine("opsrunbook help about_OpsRunbook                  output formats, input, exit codes");
        output.WriteLine("opsrunbook completion bash                        a completion script for bash");
        output.WriteLine("opsrunbook --version");
    }

    /// <summary>Writes an about topic as it is.</summary>
    /// <param name="topic">Its name.</param>
    /// <returns>False when there is none.</returns>
    public bool TryWriteTopic(string topic)
    {
        if (!topic.StartsWith("about_", StringComparison.OrdinalIgnoreCase) || !Directory.Exists(folder))
        {
            return false;
        }

        var path = Directory.EnumerateFiles(folder, "about_*" + Suffix)
            .FirstOrDefault(file => string.Equals(Path.GetFileNameWithoutExtension(file), topic, StringComparison.OrdinalIgnoreCase));
        if (path is null)
        {
            return false;
        }

        output.Write(AboutTopic.Render(File.ReadAllText(path)));
        return true;
    }

    /// <summary>Writes the help of a command.</summary>
    /// <param name="command">The command.</param>
    public void WriteCommand(CommandShape command)
    {
        var page = Read(command.Name) ?? new CommandPage();
        Heading("NAME");
        Paragraph(command.Name);
        Section("SYNOPSIS", page.Synopsis);
        Heading("SYNTAX");
        foreach (var line in CommandSyntax.Lines(command))
        {
            Paragraph(line, hanging: 4);
        }

        Section("DESCRIPTION", page.Description);
        Heading("PARAMETERS");
        foreach (var parameter in command.Parameters.Where(parameter => !parameter.Hidden))
        {
            WriteParameter(command, parameter, page.Parameters.GetValueOrDefault(parameter.Name, string.Empty));
        }

        Heading("COMMON PARAMETERS");
        foreach (var common in ParameterBinder.Common(command))
        {
            var values = common.Values.Length == 0 ? string.Empty : $" <{string.Join('|', common.Values)}>";
            Paragraph($"-{common.Name}{values}: {common.Text}", hanging: 4);
        }

        output.WriteLine();
        for (var i = 0; i < page.Examples.Count; i++)
        {
            Heading($"EXAMPLE {i + 1}: {page.Examples[i].Title}");
            output.WriteLine("    " + page.Examples[i].Code.Replace("\n", "\n    ", StringComparison.Ordinal));
            output.WriteLine();
            Body(page.Examples[i].Text);
        }

        Section("OUTPUTS", page.Outputs);
        Section("NOTES", page.Notes);
    }

    private CommandPage? Read(string name)
    {
        var path = Path.Combine(folder, name + Suffix);
        return File.Exists(path) ? CommandPage.Parse(File.ReadAllText(path)) : null;
    }

    private void WriteParameter(CommandShape command, ParameterShape parameter, string text)
    {
        Paragraph(parameter.IsSwitch ? $"-{parameter.Name}" : $"-{parameter.Name} <{CommandSyntax.TypeName(parameter)}>");
        var facts = new List<string>();
        if (parameter.Roles.Any(role => role.Mandatory))
        {
            facts.Add("Must be given.");
        }

        if (parameter.TakesPipeline)
        {
            facts.Add("Taken from standard input.");
        }

        if (parameter.KnownValues.Count > 0)
        {
            facts.Add($"One of {string.Join(", ", parameter.KnownValues)}.");
        }

        if (parameter.Aliases.Count > 0)
        {
            facts.Add($"Short: {string.Join(", ", parameter.Aliases.Select(alias => "-" + alias))}.");
        }

        if (command.Sets.Count > 1 && parameter.Roles.All(role => role.Set != ParameterRole.AllSets) && parameter.Roles.Count < command.Sets.Count)
        {
            facts.Add($"Only with {string.Join(", ", parameter.Roles.Select(role => role.Set))}.");
        }

        foreach (var paragraph in CommandPage.Paragraphs(text).Concat(facts.Count == 0 ? [] : [string.Join(' ', facts)]))
        {
            Paragraph(paragraph, indent: 8);
        }

        output.WriteLine();
    }

    private void Heading(string text) => output.WriteLine(text);

    private void Section(string heading, string text)
    {
        if (text.Length > 0)
        {
            if (heading != "SYNOPSIS")
            {
                output.WriteLine();
            }

            Heading(heading);
            Body(text);
        }
    }

    private void Body(string text)
    {
        foreach (var paragraph in CommandPage.Paragraphs(text))
        {
            Paragraph(paragraph);
            output.WriteLine();
        }
    }

    private void Paragraph(string text, int indent = 4, int hanging = 0)
    {
        foreach (var line in text.Split('\n'))
        {
            WriteItem(new string(' ', indent), line, indent + hanging, glue: string.Empty);
        }
    }

    private void WriteItem(string first, string text, int indent, string glue = "  ")
    {
        var line = new StringBuilder(first + glue);
        var used = false;
        foreach (var word in text.StartsWith(' ') ? [text] : text.Split(' '))
        {
            if (used && line.Length + 1 + word.Length > width)
            {
                output.WriteLine(line);
                line.Clear().Append(' ', indent);
                used = false;
            }

            line.Append(used ? " " : string.Empty).Append(word);
            used = true;
        }

        output.WriteLine(line.ToString().TrimEnd());
    }
}
