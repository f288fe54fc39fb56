using System.Text;
using OpsRunbook.Engine.Logs;
using OpsRunbook.Engine.Logs.Files;
using OpsRunbook.Engine.Logs.Formats;

namespace OpsRunbook.Engine.Tests.Logs;

/// <summary>Reads texts and files as logs.</summary>
internal static class LogText
{
    /// <summary>A file with this content; the folder goes with the test process's temporary files.</summary>
    public static string Write(string folder, string name, string content)
    {
        var path = Path.Combine(folder, name);
        File.WriteAllBytes(path, Encoding.Latin1.GetBytes(content));
        return path;
    }

    public static async Task<List<LogRecord>> ReadAsync(string path, LogQuery? query = null, RecordedOutput? output = null)
    {
        var records = new List<LogRecord>();
        output ??= new RecordedOutput();
        await foreach (var record in new LogReader(query ?? new LogQuery(), output).ReadAsync([new LogFileSource(path)], CancellationToken.None))
        {
            records.Add(record);
        }

        return records;
    }

    /// <summary>The records of a text, and the format it was taken for.</summary>
    public static (string Format, List<LogRecord> Records) Parse(string text)
    {
        var folder = Directory.CreateTempSubdirectory("opsrunbook-").FullName;
        try
        {
            var path = Path.Combine(folder, "sample.log");
            File.WriteAllText(path, text);
            using var file = LogFile.Open(path, error => throw error);
            return (file.Format.Name, ReadAsync(path).GetAwaiter().GetResult());
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    public static LogFormat Format(string sample) => LogFormats.Recognise(Encoding.UTF8.GetBytes(sample));
}
