using System.Globalization;
using System.Text;
using System.Xml;

namespace OpsRunbook.Engine.Health.Reports;

/// <summary>
/// JUnit XML: a suite for each stack, a test case for each check. Critical is a failure, Unknown an error
/// (the check could not be made); a Warning passes and says so in its output.
/// </summary>
internal static class JUnitReport
{
    public static string Write(IReadOnlyList<ServiceHealth> results)
    {
        var text = new StringBuilder();
        using var target = new Utf8StringWriter(text);
        using (var xml = XmlWriter.Create(target, new XmlWriterSettings { Indent = true, NewLineChars = "\n" }))
        {
            xml.WriteStartDocument();
            xml.WriteStartElement("testsuites");
            WriteTotals(xml, "opsrunbook", results);
            foreach (var stack in results.GroupBy(result => result.Stack, StringComparer.Ordinal))
            {
                WriteSuite(xml, stack.Key, [.. stack]);
            }

            xml.WriteEndElement();
        }

        return text.ToString();
    }

    private static void WriteSuite(XmlWriter xml, string stack, List<ServiceHealth> results)
    {
        xml.WriteStartElement("testsuite");
        WriteTotals(xml, stack.Length > 0 ? stack : "health", results);
        xml.WriteAttributeString("skipped", "0");
        xml.WriteAttributeString("timestamp", results.Max(result => result.CheckedAt).ToString("yyyy-MM-dd'T'HH:mm:ss", CultureInfo.InvariantCulture));
        foreach (var result in results)
        {
            var taken = new HashSet<string>(StringComparer.Ordinal);
            foreach (var check in result.Checks)
            {
                WriteCase(xml, result, check, taken);
            }
        }

        xml.WriteEndElement();
    }

    private static void WriteTotals(XmlWriter xml, string name, IReadOnlyList<ServiceHealth> results)
    {
        var checks = results.SelectMany(result => result.Checks).ToList();
        xml.WriteAttributeString("name", Valid(name));
        xml.WriteAttributeString("tests", Text(checks.Count));
        xml.WriteAttributeString("failures", Text(checks.Count(check => check.Status == HealthStatus.Critical)));
        xml.WriteAttributeString("errors", Text(checks.Count(check => check.Status == HealthStatus.Unknown)));
        xml.WriteAttributeString("time", Seconds(checks.Aggregate(TimeSpan.Zero, (sum, check) => sum + (check.Latency ?? TimeSpan.Zero))));
    }

    private static void WriteCase(XmlWriter xml, ServiceHealth result, CheckResult check, HashSet<string> taken)
    {
        var name = $"{result.Name} {check.Name}";
        for (var number = 2; !taken.Add(name); number++)
        {
            name = $"{result.Name} {check.Name} {number}";
        }

        xml.WriteStartElement("testcase");
        xml.WriteAttributeString("name", Valid(name));
        xml.WriteAttributeString("classname", Valid($"{(result.Stack.Length > 0 ? result.Stack : "health")}.{result.Kind}"));
        xml.WriteAttributeString("time", Seconds(check.Latency ?? TimeSpan.Zero));
        switch (check.Status)
        {
            case HealthStatus.Critical:
                WriteFault(xml, "failure", result, check);
                break;
            case HealthStatus.Unknown:
                WriteFault(xml, "error", result, check);
                break;
            default:
                xml.WriteElementString("system-out", Valid($"{check.Status}: {check.Message}"));
                break;
        }

        xml.WriteEndElement();
    }

    private static void WriteFault(XmlWriter xml, string element, ServiceHealth result, CheckResult check)
    {
        xml.WriteStartElement(element);
        xml.WriteAttributeString("message", Valid(check.Message));
        xml.WriteAttributeString("type", Valid(check.Reason ?? check.Status.ToString()));
        var lines = new List<string> { check.Message, $"member: {result.Name} ({result.Kind}) on {result.Host}" };
        if (check.Target is { } target)
        {
            lines.Add($"target: {target}");
        }

        if (result.CausedBy is { } cause)
        {
            lines.Add($"caused by: {cause}");
        }

        xml.WriteString(Valid(string.Join('\n', lines)));
        xml.WriteEndElement();
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Seconds(TimeSpan time) => time.TotalSeconds.ToString("0.000", CultureInfo.InvariantCulture);

    // XML 1.0 has no way at all to write most control characters and half surrogates.
    private static string Valid(string text)
    {
        var valid = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (XmlConvert.IsXmlChar(text[i]))
            {
                valid.Append(text[i]);
            }
            else if (i + 1 < text.Length && XmlConvert.IsXmlSurrogatePair(text[i + 1], text[i]))
            {
                valid.Append(text[i]).Append(text[++i]);
            }
            else
            {
                valid.Append('\ufffd');
            }
        }

        return valid.ToString();
    }

    private sealed class Utf8StringWriter(StringBuilder text) : StringWriter(text, CultureInfo.InvariantCulture)
    {
        public override Encoding Encoding => Encoding.UTF8;
    }
}
