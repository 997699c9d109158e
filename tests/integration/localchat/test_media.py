"""Photos, documents, albums and files."""

import io

import aiohttp
import pytest
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import BufferedInputFile, InputMediaDocument, InputMediaPhoto
from PIL import Image

from tests.integration.localchat.room import ADA, Room, in_room, picture


def _photo(width: int = 640, height: int = 400, name: str = "chart.png") -> BufferedInputFile:
    return BufferedInputFile(picture(width, height), name)


def test_a_photo_has_real_sizes_and_comes_back_as_a_jpeg() -> None:
    async def story(room: Room) -> None:
        sent = await room.bot.send_photo(ADA, _photo(2000, 1000), caption="<b>P&amp;L</b>", parse_mode="HTML")
        assert sent.photo is not None and sent.caption == "P&L"
        sizes = [(size.width, size.height) for size in sent.photo]
        assert sizes == [(90, 45), (320, 160), (800, 400), (1280, 640), (2000, 1000)]
        file = await room.bot.get_file(sent.photo[2].file_id)
        downloaded = await room.bot.download_file(file.file_path or "")
        assert downloaded is not None
        with Image.open(downloaded) as image:
            assert (image.format, image.size) == ("JPEG", (800, 400))
        (message,) = await room.transcript()
        media = message["media"]
        assert (media["type"], media["width"], media["height"]) == ("photo", 2000, 1000)
        assert media["bytes"] == len(picture(2000, 1000))
        async with room.http.get(room.chat.url + media["url"]) as response:
            assert (response.content_type, response.headers["X-Content-Type-Options"]) == ("image/jpeg", "nosniff")
            assert response.headers["Content-Disposition"].startswith("inline")

    in_room(story)


def test_a_document_keeps_its_bytes_and_is_offered_for_download() -> None:
    async def story(room: Room) -> None:
        content = b"<script>alert(1)</script>"
        sent = await room.bot.send_document(ADA, BufferedInputFile(content, 'a"b.html'))
        assert sent.document is not None and sent.document.file_size == len(content)
        file = await room.bot.get_file(sent.document.file_id)
        downloaded = await room.bot.download_file(file.file_path or "")
        assert isinstance(downloaded, io.BytesIO) and downloaded.read() == content
        (message,) = await room.transcript()
        async with room.http.get(room.chat.url + message["media"]["url"]) as response:
            assert await response.read() == content
            assert response.content_type == "application/octet-stream"
            assert response.headers["Content-Disposition"] == 'attachment; filename="a_b.html"'

    in_room(story)


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        (b"no picture", "a.png", "IMAGE_PROCESS_FAILED"),
        (picture(300, 10), "a.png", "PHOTO_INVALID_DIMENSIONS"),
        (picture(9_000, 1_001), "a.png", "PHOTO_INVALID_DIMENSIONS"),
        (picture(), "a.webp", "photo has unsupported extension. Use one of .jpg, .jpeg, .gif, .png, .tif or .bmp"),
        (picture() + b"\0" * 10_485_760, "a.png",
         "file of size {size} bytes is too big for a photo; the maximum size is 10485760 bytes"),
        (b"", "a.png", "file must be non-empty"),
    ],
    ids=["no picture", "too long", "too large", "extension", "too many bytes", "empty"],
)  # fmt: skip
def test_a_photo_telegram_would_refuse_is_refused(content: bytes, name: str, words: str) -> None:
    async def story(room: Room) -> None:
        form = aiohttp.FormData({"chat_id": str(ADA)})
        form.add_field("photo", io.BytesIO(content), filename=name)
        url = f"{room.chat.url}/bot{room.chat.bot_token}/sendPhoto"
        async with room.http.post(url, data=form) as response:
            body = await response.json()
        assert body["description"] == f"Bad Request: {words.format(size=len(content))}"

    in_room(story)


def test_files_that_are_not_there_are_refused() -> None:
    async def story(room: Room) -> None:
        wrong = "Bad Request: wrong file identifier/HTTP URL specified"
        assert await room.refusal("sendPhoto", chat_id=ADA) == "Bad Request: there is no photo in the request"
        assert await room.refusal("sendPhoto", chat_id=ADA, photo="attach://gone") == wrong
        assert await room.refusal("sendDocument", chat_id=ADA, document="AgADnothing") == wrong
        words = await room.refusal("sendPhoto", chat_id=ADA, photo="https://example.org/a.png")
        assert words == "Bad Request: failed to get HTTP URL content"
        assert (await room.refusal("getFile", file_id="x")).startswith("Bad Request: wrong file_id")
        url = f"{room.chat.url}/file/bot{room.chat.bot_token}/photos/nothing"
        async with room.http.get(url) as response:
            assert response.status == 404

    in_room(story)


def test_a_file_id_is_sent_again_but_not_as_another_kind() -> None:
    async def story(room: Room) -> None:
        photo = (await room.bot.send_photo(ADA, _photo())).photo
        assert photo is not None
        again = await room.bot.send_photo(ADA, photo[-1].file_id)
        assert again.photo is not None and again.photo[-1].file_unique_id == photo[-1].file_unique_id
        with pytest.raises(TelegramBadRequest, match="can't use file of type Photo as Document"):
            await room.bot.send_document(ADA, photo[-1].file_id)

    in_room(story)


def test_an_album_is_two_to_ten_pictures_of_one_kind() -> None:
    async def story(room: Room) -> None:
        media = [InputMediaPhoto(media=_photo(), caption="one"), InputMediaPhoto(media=_photo(300, 200))]
        sent = await room.bot.send_media_group(ADA, media)
        assert len({message.media_group_id for message in sent}) == 1
        assert [message.caption for message in sent] == ["one", None]
        with pytest.raises(TelegramBadRequest, match="too many messages to send as an album"):
            await room.bot.send_media_group(ADA, [InputMediaPhoto(media=_photo()) for _ in range(11)])
        assert await room.refusal("sendMediaGroup", chat_id=ADA, media=[]) == (
            "Bad Request: there are no messages to send"
        )
        mixed = [InputMediaPhoto(media=_photo()), InputMediaDocument(media=BufferedInputFile(b"x", "x.txt"))]
        with pytest.raises(TelegramBadRequest, match="can't be mixed"):
            await room.bot.send_media_group(ADA, mixed)

    in_room(story)


def test_a_photo_joins_a_text_by_edit_and_its_caption_changes() -> None:
    async def story(room: Room) -> None:
        number = await room.sent("opened")
        edited = await room.bot.edit_message_media(
            InputMediaPhoto(media=_photo(), caption="opened"), chat_id=ADA, message_id=number
        )
        assert not isinstance(edited, bool) and edited.photo is not None
        where = {"chat_id": ADA, "message_id": number}
        words = await room.refusal("editMessageText", **where, text="x")
        assert words == "Bad Request: there is no text in the message to edit"
        await room.api("editMessageCaption", **where, caption="closed")
        with pytest.raises(TelegramBadRequest, match="message is not modified"):
            await room.bot.edit_message_media(InputMediaPhoto(media=_photo(), caption="closed"), **where)
        assert [(m["text"], m["media"]["type"]) for m in await room.transcript()] == [("closed", "photo")]
        assert await room.refusal("editMessageCaption", **where, caption="x" * 1025) == (
            "Bad Request: message caption is too long"
        )

    in_room(story)
