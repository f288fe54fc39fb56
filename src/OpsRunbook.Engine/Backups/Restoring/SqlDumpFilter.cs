using System.Buffers;
using System.Text;

namespace OpsRunbook.Engine.Backups;

/// <summary>
/// Lets of a dump that is SQL only that pass which concerns the one database that it is loaded into. Such a dump may switch to another database, drop
/// the one that it came from, change users, or run programs of the client's machine; loaded as it is, "into a scratch database" would be into the live one.
/// </summary>
internal abstract class SqlDumpFilter
{
    // The first words of a statement are known by then.
    private const int HeadBytes = 96;
    private const int LongestHeld = 16 * 1024 * 1024;

    private readonly ArrayBufferWriter<byte> _held = new();
    private bool _decided;
    private bool _passing;
    private bool _holdAll;

    /// <summary>Name of the dump, for messages.</summary>
    public required string Name { get; init; }

    /// <summary>What is to be given on so far.</summary>
    protected ArrayBufferWriter<byte> Output { get; } = new();

    /// <summary>The part of the database that is wanted was there.</summary>
    public bool Found { get; protected set; }

    /// <summary>What is passed now belongs to the database that is wanted.</summary>
    protected bool InSection { get; set; }

    /// <summary>Takes the next bytes of the dump.</summary>
    /// <param name="part">The bytes.</param>
    /// <returns>What passes; it is valid until the next call.</returns>
    /// <exception cref="OpsException"><c>Backup.ForeignCommand</c>.</exception>
    public ReadOnlyMemory<byte> Pass(ReadOnlySpan<byte> part)
    {
        Output.ResetWrittenCount();
        Take(part);
        return Output.WrittenMemory;
    }

    /// <summary>What passes of the last statement, which nothing ended.</summary>
    /// <returns>The bytes.</returns>
    public ReadOnlyMemory<byte> End()
    {
        Output.ResetWrittenCount();
        EndStatement();
        return Output.WrittenMemory;
    }

    /// <summary>Reads the bytes and hands statements to <see cref="Statement"/>.</summary>
    /// <param name="part">The bytes.</param>
    protected abstract void Take(ReadOnlySpan<byte> part);

    /// <summary>What becomes of a statement, by its first words; <see cref="Verdict.Hold"/> asks again when all of it is there.</summary>
    /// <param name="head">Its beginning or, the second time, all of it.</param>
    /// <param name="isWhole">It is all of it.</param>
    /// <returns>The verdict.</returns>
    protected abstract Verdict Judge(string head, bool isWhole);

    /// <summary>Changes a statement that was held.</summary>
    /// <param name="statement">All of it.</param>
    /// <returns>What is passed instead.</returns>
    protected virtual string Change(string statement) => statement;

    /// <summary>Gives on what belongs to no statement, if it belongs to the database that is wanted.</summary>
    /// <param name="part">Bytes.</param>
    protected void Give(ReadOnlySpan<byte> part)
    {
        if (InSection)
        {
            Output.Write(part);
        }
    }

    /// <summary>More of the present statement.</summary>
    /// <param name="part">Bytes.</param>
    protected void Statement(ReadOnlySpan<byte> part)
    {
        if (_decided && !_holdAll)
        {
            if (_passing)
            {
                Output.Write(part);
            }

            return;
        }

        _held.Write(part);
        if (_holdAll && _held.WrittenCount > LongestHeld)
        {
            throw DumpErrors.Damaged(Name, "a statement in it has no end.");
        }

        if (!_decided && _held.WrittenCount >= HeadBytes)
        {
            Decide();
        }
    }

    /// <summary>The present statement is at its end.</summary>
    protected void EndStatement()
    {
        if (!_decided)
        {
            Decide();
        }

        if (_holdAll)
        {
            var text = Encoding.UTF8.GetString(_held.WrittenSpan);
            if (Judge(text, isWhole: true) == Verdict.Pass && InSection)
            {
                Output.Write(Encoding.UTF8.GetBytes(Change(text)));
            }

            _held.ResetWrittenCount();
        }

        (_decided, _passing, _holdAll) = (false, false, false);
    }

    protected OpsException ForeignCommand(string command) => new(
        "Backup.ForeignCommand",
        OpsErrorKind.Refused,
        $"{Name} holds the command '{(command.Length > 60 ? command[..60] + "…" : command)}', which no dump program writes.",
        "It may do anything on the machine that loads it. Find out where the file comes from.",
        Name);

    private void Decide()
    {
        var verdict = Judge(Encoding.UTF8.GetString(_held.WrittenSpan), isWhole: false);
        _decided = true;
        if (verdict == Verdict.Hold)
        {
            _holdAll = true;
            return;
        }

        _passing = verdict == Verdict.Pass && InSection;
        if (_passing)
        {
            Output.Write(_held.WrittenSpan);
        }

        _held.ResetWrittenCount();
    }

    /// <summary>What becomes of a statement.</summary>
    protected enum Verdict
    {
        /// <summary>It passes.</summary>
        Pass,

        /// <summary>It is left out.</summary>
        Drop,

        /// <summary>It is looked at once more when it is all there.</summary>
        Hold,
    }
}
