using System.Text;
using System.Xml;
using OpsRunbook.ConsoleRunner.Binding;

namespace OpsRunbook.ConsoleRunner.Help;

/// <summary>Makes what Get-Help reads out of the command pages, with types and positions from the cmdlets themselves.</summary>
internal sealed class MamlWriter
{
    private const string Maml = "http://schemas.microsoft.com/maml/2004/10";
    private const string Command = "http://schemas.microsoft.com/maml/dev/command/2004/10";
    private const string Dev = "http://schemas.microsoft.com/maml/dev/2004/10";

    private readonly XmlWriter _xml;

    private MamlWriter(XmlWriter xml) => _xml = xml;

    /// <summary>Writes the help of all commands and topics.</summary>
    /// <param name="catalog">The commands.</param>
    /// <param name="docs">Folder with <c>commands</c> and <c>about</c>.</param>
    /// <param name="folder">Where the files go, one for each language: <c>en-US</c>.</param>
    public static void Build(CommandCatalog catalog, string docs, string folder)
    {
        Directory.CreateDirectory(folder);
        var pages = catalog.Names
            .Select(name => (Command: catalog.Find(name)!, Path: Path.Combine(docs, "commands", name + ".md")))
            .Where(item => File.Exists(item.Path));
        File.WriteAllText(Path.Combine(folder, "OpsRunbook.Cmdlets.dll-Help.xml"), Render(pages.Select(item => (item.Command, CommandPage.Parse(File.ReadAllText(item.Path))))));
        var about = Path.Combine(docs, "about");
        foreach (var path in Directory.Exists(about) ? Directory.EnumerateFiles(about, "about_*.md") : [])
        {
            File.WriteAllText(Path.Combine(folder, Path.GetFileNameWithoutExtension(path) + ".help.txt"), AboutTopic.Render(File.ReadAllText(path)));
        }
    }

    /// <summary>Writes MAML.</summary>
    /// <param name="commands">The commands with their pages.</param>
    /// <returns>The file's content.</returns>
    public static string Render(IEnumerable<(CommandShape Command, CommandPage Page)> commands)
    {
        var text = new StringBuilder();
        using (var xml = XmlWriter.Create(text, new XmlWriterSettings { Indent = true, OmitXmlDeclaration = true }))
        {
            var writer = new MamlWriter(xml);
            xml.WriteStartElement("helpItems", "http://msh");
            xml.WriteAttributeString("schema", "maml");
            foreach (var (command, page) in commands)
            {
                writer.WriteCommand(command, page);
            }

            xml.WriteEndElement();
        }

        return "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n" + text.Append('\n');
    }

    private void WriteCommand(CommandShape command, CommandPage page)
    {
        _xml.WriteStartElement("command", "command", Command);
        _xml.WriteAttributeString("xmlns", "maml", null, Maml);
        _xml.WriteAttributeString("xmlns", "dev", null, Dev);

        _xml.WriteStartElement("details", Command);
        _xml.WriteElementString("name", Command, command.Name);
        _xml.WriteElementString("verb", Command, command.Name.Split('-')[0]);
        _xml.WriteElementString("noun", Command, command.Name.Split('-')[1]);
        WriteParagraphs("description", page.Synopsis);
        _xml.WriteEndElement();
        WriteParagraphs("description", page.Description);

        _xml.WriteStartElement("syntax", Command);
        foreach (var set in CommandSyntax.Sets(command))
        {
            _xml.WriteStartElement("syntaxItem", Command);
            _xml.WriteElementString("name", Maml, command.Name);
            foreach (var (parameter, role) in CommandSyntax.In(command, set))
            {
                WriteParameter(parameter, role, page);
            }

            WriteShouldProcess(command);
            _xml.WriteEndElement();
        }

        _xml.WriteEndElement();
        _xml.WriteStartElement("parameters", Command);
        foreach (var parameter in command.Parameters.Where(parameter => !parameter.Hidden).OrderBy(parameter => parameter.Name, StringComparer.OrdinalIgnoreCase))
        {
            WriteParameter(parameter, parameter.Roles[0], page);
        }

        WriteShouldProcess(command);
        _xml.WriteEndElement();

        WriteTypes("inputTypes", "inputType", command.Parameters.Where(parameter => parameter.Roles.Any(role => role.ByValue)).Select(parameter => (CommandSyntax.TypeName(parameter), string.Empty)));
        WriteTypes("returnValues", "returnValue", command.OutputTypes.Select((type, index) => (type.FullName ?? type.Name, index == 0 ? page.Outputs : string.Empty)));
        if (page.Notes.Length > 0)
        {
            _xml.WriteStartElement("alertSet", Maml);
            WriteParagraphs("alert", page.Notes);
            _xml.WriteEndElement();
        }

        WriteExamples(page);
        _xml.WriteEndElement();
    }

    private void WriteExamples(CommandPage page)
    {
        _xml.WriteStartElement("examples", Command);
        for (var i = 0; i < page.Examples.Count; i++)
        {
            _xml.WriteStartElement("example", Command);
            _xml.WriteElementString("title", Maml, $"----- {i + 1}: {page.Examples[i].Title} -----");
            _xml.WriteElementString("code", Dev, page.Examples[i].Code);
            WriteParagraphs("remarks", page.Examples[i].Text, Dev);
            _xml.WriteEndElement();
        }

        _xml.WriteEndElement();
    }

    private void WriteTypes(string group, string element, IEnumerable<(string Name, string Text)> types)
    {
        _xml.WriteStartElement(group, Command);
        foreach (var (name, text) in types)
        {
            _xml.WriteStartElement(element, Command);
            WriteType(name);
            WriteParagraphs("description", text);
            _xml.WriteEndElement();
        }

        _xml.WriteEndElement();
    }

    private void WriteShouldProcess(CommandShape command)
    {
        foreach (var common in ParameterBinder.Common(command).Where(common => common.ForChanges))
        {
            WriteParameter(common.Name, "SwitchParameter", string.Join(", ", common.Aliases), common.Name == "WhatIf" ? "Says what would be done, and does not do it." : "Asks before each change; -Confirm:$false never asks.", null, null, []);
        }
    }

    private void WriteParameter(ParameterShape parameter, ParameterRole role, CommandPage page) =>
        WriteParameter(parameter.Name, CommandSyntax.TypeName(parameter), string.Join(", ", parameter.Aliases), page.Parameters.GetValueOrDefault(parameter.Name, string.Empty), role, parameter, parameter.KnownValues);

    private void WriteParameter(string name, string type, string aliases, string text, ParameterRole? role, ParameterShape? parameter, IReadOnlyList<string> values)
    {
        var pipeline = (role?.ByValue, role?.ByPropertyName) switch
        {
            (true, true) => "True (ByValue, ByPropertyName)",
            (true, _) => "True (ByValue)",
            (_, true) => "True (ByPropertyName)",
            _ => "False",
        };
        _xml.WriteStartElement("parameter", Command);
        _xml.WriteAttributeString("required", role?.Mandatory == true ? "true" : "false");
        _xml.WriteAttributeString("variableLength", "true");
        _xml.WriteAttributeString("globbing", parameter?.Attributes.Any(attribute => AttributeReader.Is(attribute, "SupportsWildcards")) == true ? "true" : "false");
        _xml.WriteAttributeString("pipelineInput", pipeline);
        _xml.WriteAttributeString("position", role?.Position?.ToString() ?? "named");
        _xml.WriteAttributeString("aliases", aliases.Length == 0 ? "none" : aliases);
        _xml.WriteElementString("name", Maml, name);
        WriteParagraphs("description", text);
        if (values.Count > 0)
        {
            _xml.WriteStartElement("parameterValueGroup", Command);
            foreach (var value in values)
            {
                WriteParameterValue(value);
            }

            _xml.WriteEndElement();
        }

        if (type != "SwitchParameter")
        {
            WriteParameterValue(type);
        }

        WriteType(type);
        _xml.WriteElementString("defaultValue", Dev, type == "SwitchParameter" ? "False" : "None");
        _xml.WriteEndElement();
    }

    private void WriteParameterValue(string text)
    {
        _xml.WriteStartElement("parameterValue", Command);
        _xml.WriteAttributeString("required", "true");
        _xml.WriteAttributeString("variableLength", "false");
        _xml.WriteString(text);
        _xml.WriteEndElement();
    }

    private void WriteType(string name)
    {
        _xml.WriteStartElement("type", Dev);
        _xml.WriteElementString("name", Maml, name);
        _xml.WriteElementString("uri", Maml, string.Empty);
        _xml.WriteEndElement();
    }

    private void WriteParagraphs(string element, string markdown, string space = Maml)
    {
        _xml.WriteStartElement(element, space);
        foreach (var paragraph in CommandPage.Paragraphs(markdown))
        {
            _xml.WriteElementString("para", Maml, paragraph);
        }

        _xml.WriteEndElement();
    }
}
